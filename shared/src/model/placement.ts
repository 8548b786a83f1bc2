import { z } from 'zod';
import { WorkerId } from './ids.ts';
import { LENT_DATA } from './lent-data.ts';
import { oneLine } from './printable.ts';
import type { Capabilities, Requirement } from './requirement.ts';
import { strictObject } from './strict-object.ts';
import type { JobOwner, Lender } from './worker.ts';

/** The name of a pool or a tag. Lists of them are written with commas. */
export const Label = z
  .string()
  .max(512)
  .transform(oneLine)
  .pipe(
    z
      .string()
      .trim()
      .min(1)
      .max(64)
      .regex(/^[^,]*$/, 'expected no comma: each name stands by itself'),
  );

const MOST_LABELS = 32;

/** Of a worker or of a job: no name twice. */
export const Labels = z
  .array(Label)
  .max(MOST_LABELS)
  .transform((names) => [...new Set(names)]);

/** "film, night" as a list. */
export const labelsIn = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/**
 * Which workers a job asks for, beside what its kind needs: one that is in any of the pools, has all of the tags, is
 * one of the named, and whose machine has so much memory. What is left out is not asked for.
 */
export const Placement = strictObject({
  pools: Labels.optional(),
  tags: Labels.optional(),
  workers: z
    .array(WorkerId)
    .max(100)
    .transform((ids) => [...new Set(ids)])
    .optional(),
  memoryBytes: z.int().positive().optional(),
});
export type Placement = z.infer<typeof Placement>;

/** Where a worker stands, as the farm knows it: its own word on these keys is not taken. */
export const PLACEMENT_KEYS = {
  id: 'worker.id',
  pools: 'worker.pools',
  tags: 'worker.tags',
  memory: 'worker.memoryBytes',
} as const;
const OWN = 'worker.';

export type Place = { id: WorkerId; pools: readonly string[]; tags: readonly string[]; memoryBytes: number };

/** What a worker can do, and where it stands. */
export const withPlace = (
  capabilities: Capabilities,
  { id, pools, tags, memoryBytes }: Place,
): Capabilities => ({
  ...Object.fromEntries(Object.entries(capabilities).filter(([key]) => !key.startsWith(OWN))),
  [PLACEMENT_KEYS.id]: id,
  [PLACEMENT_KEYS.pools]: [...pools],
  [PLACEMENT_KEYS.tags]: [...tags],
  [PLACEMENT_KEYS.memory]: memoryBytes,
});

/**
 * The same as a job may know it: tags are a team's own words on its machines, which other teams neither see nor match,
 * and so is data that an owner lends.
 * Pools are seen by all who see the machine.
 */
export function asSeenBy(
  capabilities: Capabilities,
  lender: Pick<Lender, 'team'>,
  job: Pick<JobOwner, 'team'>,
) {
  if (lender.team === job.team) return capabilities;
  const { [PLACEMENT_KEYS.tags]: _, [LENT_DATA]: __, ...seen } = capabilities;
  return seen;
}

/** What a job's choice asks of each worker, in the words that the load balancer compares. */
export function requirementsOf(placement: Placement): Requirement[] {
  const { pools = [], tags = [], workers = [], memoryBytes } = placement;
  return [
    ...(pools.length === 0 ? [] : [{ key: PLACEMENT_KEYS.pools, op: 'oneOf' as const, value: pools }]),
    ...tags.map((value) => ({ key: PLACEMENT_KEYS.tags, op: 'includes' as const, value })),
    ...(workers.length === 0 ? [] : [{ key: PLACEMENT_KEYS.id, op: 'oneOf' as const, value: workers }]),
    ...(memoryBytes === undefined
      ? []
      : [{ key: PLACEMENT_KEYS.memory, op: 'atLeast' as const, value: memoryBytes }]),
  ];
}

/** Whether this was chosen for the job, and not what its kind needs. */
export const isPlacement = ({ key }: Requirement): boolean => key.startsWith(OWN);

/** True for a choice by tags or lent data, which workers of the job's own team alone meet. */
export const isOfOwnTeam = ({ key }: Requirement): boolean =>
  key === PLACEMENT_KEYS.tags || key === LENT_DATA;
