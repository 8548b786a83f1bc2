import type { EndReason, JobStatus } from './job.ts';
import { isOver } from './job.ts';

/** Where a pipeline stands: some of its jobs are not over, or how all of them ended together. */
export const PIPELINE_STATES = ['active', 'completed', 'failed', 'canceled'] as const;
export type PipelineState = (typeof PIPELINE_STATES)[number];

/** How one of its jobs stands; `code` is why it ended, where that was noted. */
export type MemberState = { state: JobStatus; code: EndReason['code'] | null };

/**
 * One that failed makes the whole fail. A job that the farm canceled as another did not end as it runs on takes no part:
 * what is there for failures never runs where all goes well.
 */
export function pipelineState(members: readonly MemberState[]): PipelineState {
  if (members.some(({ state }) => !isOver(state))) return 'active';
  if (members.some(({ state }) => state === 'failed')) return 'failed';
  return members.some(({ state, code }) => state === 'canceled' && code !== 'dependency')
    ? 'canceled'
    : 'completed';
}

/** Something that needs others of its kind, named by their keys; needs that are none of these are left aside. */
type Needy = { key: string; needs: readonly string[] };

/** Each after all that it needs, else as they came; or keys that need each other, the first once more at the end. */
export function orderByNeeds<T extends Needy>(
  all: readonly T[],
): { ok: true; ordered: T[] } | { ok: false; circle: string[] } {
  const ordered: T[] = [];
  const known = new Map(all.map((one) => [one.key, one]));
  const placed = new Set<string>();
  const openNeed = ({ needs }: T): T | undefined =>
    needs.flatMap((key) => known.get(key) ?? []).find(({ key }) => !placed.has(key));
  for (let left = [...all]; left.length > 0; left = left.filter(({ key }) => !placed.has(key))) {
    const ready = left.filter((one) => openNeed(one) === undefined);
    const [first] = left;
    if (ready.length === 0 && first !== undefined) return { ok: false, circle: circleFrom(first, openNeed) };
    for (const { key } of ready) placed.add(key);
    ordered.push(...ready);
  }
  return { ok: true, ordered };
}

/** Whoever follows needs among those that all need another comes by one for a second time. */
function circleFrom<T extends Needy>(first: T, next: (one: T) => T | undefined): string[] {
  const path: string[] = [];
  for (let one: T | undefined = first; one !== undefined; one = next(one)) {
    const seen = path.indexOf(one.key);
    if (seen >= 0) return [...path.slice(seen), one.key];
    path.push(one.key);
  }
  return path;
}
