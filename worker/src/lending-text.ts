import { availableParallelism } from 'node:os';
import { isAbsolute } from 'node:path';
import { Hours } from '@parallel-pilot/shared/model/hours.ts';
import { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { LentName, MOST_LENT } from '@parallel-pilot/shared/model/lent-data.ts';
import { labelsIn } from '@parallel-pilot/shared/model/placement.ts';
import { strictObject } from '@parallel-pilot/shared/model/strict-object.ts';
import { parseSpans } from '@parallel-pilot/shared/model/week-clock.ts';
import { z } from 'zod';

const GB = 1e9;
const Folder = z.string().refine(isAbsolute, 'expected the whole path of a folder');
const Gigabytes = z.number().positive().max(1e6);

/** What of an owner's file people write. */
/** Folders by the names that they are lent by as data. */
export type LentFolders = Readonly<Record<string, string>>;
/** What an owner's file says. */
export type OwnerTerms = { lending: Lending; folders: LentFolders };

const LendingText = strictObject({
  threads: z.union([z.int().min(1), z.templateLiteral([z.number(), '%'])]).optional(),
  memoryGb: Gigabytes.optional(),
  diskGb: Gigabytes.optional(),
  gpus: z.array(z.string()).optional(),
  kinds: z.array(z.string()).optional(),
  /** "weekdays 20:00-07:00, weekends". Without a time zone, by the clock of this machine. */
  hours: z.string().max(2_000).optional(),
  timeZone: z.string().optional(),
  onlyIdle: z.boolean().optional(),
  /** {"wards": "/srv/wards"} */
  data: z.record(LentName, Folder).optional(),
});

/** The terms in an owner's file; an Error with a sentence where they cannot be read. */
export function parseLending(text: string): OwnerTerms {
  const { threads, memoryGb, diskGb, hours, timeZone, data, ...same } = LendingText.parse(JSON.parse(text));
  const lending = Lending.parse({
    ...same,
    ...(typeof threads === 'number' ? { threads } : {}),
    ...(typeof threads === 'string' ? { threadsPercent: Number(threads.slice(0, -1)) } : {}),
    ...(memoryGb === undefined ? {} : { memoryBytes: Math.round(memoryGb * GB) }),
    ...(diskGb === undefined ? {} : { diskBytes: Math.round(diskGb * GB) }),
    ...(hours === undefined ? {} : { hours: [hoursOf(hours, timeZone)] }),
  });
  return { lending, folders: data ?? {} };
}

/** "wards=/srv/wards,notes=/srv/notes" of a variable. */
export const LentText = z.string().transform((text, context): LentFolders => {
  const pairs = labelsIn(text).map((pair) => pair.split('='));
  const parsed = z
    .array(z.tuple([LentName, Folder]))
    .max(MOST_LENT)
    .safeParse(pairs.map(([name = '', ...folder]) => [name, folder.join('=')]));
  if (parsed.success) return Object.fromEntries(parsed.data);
  const [issue] = parsed.error.issues;
  context.addIssue({ code: 'custom', message: `expected name=/path/of/folder: ${issue?.message}` });
  return z.NEVER;
});

/** Hours by the clocks of a time zone, or of this machine; throws an Error with a sentence. */
export function hoursOf(text: string, timeZone: string = ownTimeZone()): Hours {
  const parsed = parseSpans(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return Hours.parse({ timeZone, spans: parsed.spans });
}

const ownTimeZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Threads as they are set: "12", or "50%" of those of this machine. */
export function threadsIn(text: string, machine = availableParallelism()): number {
  const [, count, percent] = /^\s*(\d{1,5})\s*(%?)\s*$/.exec(text) ?? [];
  const threads = percent === '%' ? Math.floor((machine * Number(count)) / 100) : Number(count);
  return percent === '%' ? Math.max(1, threads) : threads;
}
