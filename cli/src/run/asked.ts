import { Asked, Counts, offersProblem } from '@parallel-pilot/shared/model/resources.ts';
import { parseCounts } from '@parallel-pilot/shared/model/typed-counts.ts';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Api } from '../api/client.ts';
import { wholeNumber } from '../numbers.ts';
import { together } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';

/** The options of a command that say what each part of its job asks of a worker, as typed. */
export type AskedFlags = {
  chunkThreads?: number;
  chunkMemory?: string;
  chunkDisk?: string;
  chunkGpus?: number;
  chunkResource?: string;
};

/** For commands that submit a job. */
export const withAsked = (command: Command): Command =>
  command
    .option(
      '--chunk-threads <n>',
      "threads that each part uses (a slot's part of its worker)",
      wholeNumber(1, 65_536),
    )
    .option(
      '--chunk-memory <size>',
      "memory that each part may use, such as 6GB (a slot's part); one that takes more is ended",
    )
    .option('--chunk-disk <size>', 'disk space that each part needs, such as 20GB')
    .option('--chunk-gpus <n>', 'GPUs that each part has to itself', wholeNumber(1, 16))
    .option('--chunk-resource <name=count>', 'what else each part uses up, such as licence=1', together);

/** Null where nothing is said. Throws a SentenceError about the first that cannot be; `prefix` is how its option begins. */
export function readAsked(flags: AskedFlags, prefix = '--chunk-'): Asked | null {
  const { chunkThreads: threads, chunkMemory, chunkDisk, chunkGpus, chunkResource } = flags;
  const said = {
    threads,
    memoryBytes: bytesOf(`${prefix}memory`, chunkMemory),
    diskBytes: bytesOf(`${prefix}disk`, chunkDisk),
    gpus: chunkGpus === undefined ? undefined : Array.from({ length: chunkGpus }, () => ({})),
    counts: countsOf(chunkResource),
  };
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  return given.length === 0 ? null : Asked.parse(Object.fromEntries(given));
}

const UNITS: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

function bytesOf(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmgt])b?$/i.exec(typed.trim()) ?? [];
  const bytes = Math.round(Number(digits) * (UNITS[unit.toLowerCase()] ?? 0));
  if (bytes > 0 && Asked.shape.memoryBytes.safeParse(bytes).success) return bytes;
  throw new SentenceError(`${flag} ${typed}: write a size with its unit, for instance 6GB or 500MB.`);
}

function countsOf(typed: string | undefined): Asked['counts'] {
  if (typed === undefined) return undefined;
  const counts = z.string().transform(parseCounts).pipe(Counts).safeParse(typed);
  if (counts.success) return counts.data;
  throw new SentenceError(`--chunk-resource ${typed}: write a name with a count, for instance licence=1.`);
}

/** Why no worker that is connected could ever hold a part that asks for this, as a sentence; null where one can. */
export async function roomProblem(api: Api, asked: Asked | null): Promise<string | null> {
  if (asked === null) return null;
  const list = await api.workers().catch(() => null);
  const online = (list?.workers ?? []).flatMap(({ status, offer, slots }) =>
    status === 'online' && offer !== null ? [{ offer, slots }] : [],
  );
  return offersProblem(asked, online);
}
