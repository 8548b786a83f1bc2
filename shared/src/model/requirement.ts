import { z } from 'zod';

/**
 * What a worker can do, as a flat map from a dotted name to a value, for
 * instance `{ "program.version": "3.4.1", "program.parts": ["ONE"] }`.
 * Kinds choose the names; the load balancer only compares values.
 */
export const Capabilities = z.record(
  z.string().max(64),
  z.union([z.string().max(256), z.number(), z.boolean(), z.array(z.string().max(256)).max(2_048)]),
);
export type Capabilities = z.infer<typeof Capabilities>;

/**
 * False for a worker whose jobs see its whole machine (it names no sandbox, or says `none`), or each other and the
 * worker's own secrets (`container`: nothing but the container is around them). Such a worker is given jobs of its
 * own lender only.
 */
export const isSandboxed = ({ sandbox }: Capabilities): boolean =>
  typeof sandbox === 'string' && sandbox !== 'none' && sandbox !== 'container';

/**
 * One thing a stage needs of a worker. `atLeast` compares numbers, or dotted versions part by part; `oneOf` is met by
 * any of the value, of a list by one that it holds. All of several is as many `includes`.
 */
export const Requirement = z.discriminatedUnion('op', [
  z.object({
    key: z.string(),
    op: z.literal('equals'),
    value: z.union([z.string(), z.number(), z.boolean()]),
  }),
  z.object({ key: z.string(), op: z.literal('atLeast'), value: z.union([z.string(), z.number()]) }),
  z.object({ key: z.string(), op: z.literal('includes'), value: z.string() }),
  z.object({ key: z.string(), op: z.literal('oneOf'), value: z.array(z.string()) }),
]);
export type Requirement = z.infer<typeof Requirement>;

/** True when the worker meets one requirement; a capability it does not name is not met. */
export function meets(capabilities: Capabilities, need: Requirement): boolean {
  const have = capabilities[need.key];
  if (have === undefined) return false;
  switch (need.op) {
    case 'equals':
      return have === need.value;
    case 'includes':
      return Array.isArray(have) && have.includes(need.value);
    case 'oneOf':
      return need.value.some((value) => (Array.isArray(have) ? have.includes(value) : have === value));
    case 'atLeast':
      return !Array.isArray(have) && typeof have !== 'boolean' && compareVersions(have, need.value) >= 0;
    default:
      return need satisfies never;
  }
}

/** The requirements that this worker does not meet; empty when it may run the stage. */
export const unmet = (capabilities: Capabilities, needs: readonly Requirement[]): Requirement[] =>
  needs.filter((need) => !meets(capabilities, need));

/** -1, 0 or 1 for dotted versions ("3.4.1" against "3.10"); missing parts count as 0. */
export function compareVersions(a: string | number, b: string | number): number {
  const left = String(a).split('.').map(Number);
  const right = String(b).split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
