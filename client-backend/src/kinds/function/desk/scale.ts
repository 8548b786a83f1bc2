import type { FunctionSettings } from '@parallel-pilot/shared/kinds/function/settings.ts';

/** A call that has waited so long, milliseconds, asks for one more instance: shorter ones are over sooner than it would begin. */
const PATIENCE_MS = 100;

export type Demand = {
  /** Calls that instances have, and that wait for one. */
  busy: number;
  waiting: number;
  oldestMs: number;
  /** That can be called. */
  instances: number;
};

/** How many instances there should be at least, between the least and the most of the function. */
export function wantedInstances(
  { min, max, concurrency }: Pick<FunctionSettings, 'min' | 'max' | 'concurrency'>,
  { busy, waiting, oldestMs, instances }: Demand,
): number {
  if (waiting === 0 || (instances > 0 && oldestMs < PATIENCE_MS)) return min;
  return Math.max(min, Math.min(max, Math.max(1, Math.ceil((busy + waiting) / concurrency))));
}

type Idle = { busy: number; usedAt: number };

/** Those that nobody has called for long, but for the least that are kept; of a version that is left all. */
export function idleInstances<I extends Idle>(
  instances: readonly I[],
  { min, idleSeconds }: Pick<FunctionSettings, 'min' | 'idleSeconds'>,
  { now, leaving }: { now: number; leaving: boolean },
): I[] {
  if (leaving) return [...instances];
  return instances
    .filter(({ busy, usedAt }) => busy === 0 && now - usedAt > 1_000 * idleSeconds)
    .slice(0, Math.max(0, instances.length - min));
}
