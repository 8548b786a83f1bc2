import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { labelsIn, Placement as PlacementSchema } from '@parallel-pilot/shared/model/placement.ts';
import type { Command } from 'commander';
import type { Api } from '../api/client.ts';
import { findWorker } from '../api/find-worker.ts';
import { SentenceError } from '../sentence-error.ts';

/** The options that say which workers may do a job, as typed. */
export type PlacementFlags = { pool?: string[]; tag?: string[]; worker?: string[]; memory?: string };

/** The same, read; workers are named as people name them, and looked up at the farm. */
export type Wanted = Omit<Placement, 'workers'> & { workerNames: string[] };

/** For a command that submits a job. */
export const withPlacement = (command: Command): Command =>
  withWorkers(command).option('--memory <size>', 'only on machines with so much memory, such as 16GB');

/** The same for one whose `--memory` is something else. */
export const withWorkers = (command: Command): Command =>
  command
    .option('--pool <names>', 'only on workers in this pool, or in one of several; may be repeated', collect)
    .option(
      '--tag <names>',
      'only on workers with this tag, or with all of several; may be repeated',
      collect,
    )
    .option('--worker <name>', 'only on this worker, or on one of several; may be repeated', collect);

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Null where any worker may do it. Throws a sentence about what cannot be read. */
export function readPlacement({ pool, tag, worker, memory }: PlacementFlags): Wanted | null {
  if (pool === undefined && tag === undefined && worker === undefined && memory === undefined) return null;
  const given = {
    ...(pool === undefined ? {} : { pools: pool.flatMap(labelsIn) }),
    ...(tag === undefined ? {} : { tags: tag.flatMap(labelsIn) }),
    ...(memory === undefined ? {} : { memoryBytes: bytesOf(memory) }),
  };
  for (const [flag, names] of [
    ['--pool', given.pools],
    ['--tag', given.tags],
  ] as const)
    if (names?.length === 0) throw new SentenceError(`${flag} "": write a name.`);
  const parsed = PlacementSchema.safeParse(given);
  if (parsed.success) return { ...parsed.data, workerNames: worker ?? [] };
  const [issue] = parsed.error.issues;
  throw new SentenceError(`${FLAGS[String(issue?.path[0])] ?? '--pool'}: ${issue?.message}.`);
}

const FLAGS: Record<string, string> = { pools: '--pool', tags: '--tag', memoryBytes: '--memory' };

/** Of an option or a number of gigabytes: "16GB", "500 MB", "16". */
function bytesOf(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(MB|GB|TB|)\s*$/i.exec(text);
  const bytes = Math.round(Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ''] ?? 0));
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new SentenceError(`--memory ${text}: write how much, for instance 16GB.`);
}

const UNITS: Record<string, number> = { '': 1e9, MB: 1e6, GB: 1e9, TB: 1e12 };

/** With the ids of the workers that it names. */
export async function placementAt(api: Api, { workerNames, ...placement }: Wanted): Promise<Placement> {
  if (workerNames.length === 0) return placement;
  const workers = await Promise.all(workerNames.map((name) => findWorker(api, name)));
  return { ...placement, workers: [...new Set(workers.map(({ id }) => id))] };
}
