import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import { type CallResult, neverBegun } from './call-result.ts';
import type { Event } from './invocation.ts';

/** What is to be called. */
export type Work = { call: CallId; event: Event; attempt: number; key: string | null };

/** A call that waits for an instance since `since`, `patienceMs` at the most. */
export type Waiting = { work: Work; since: number; patienceMs: number; settle(result: CallResult): void };

type Problem = Parameters<typeof neverBegun>[0];

/** Calls that wait for an instance of one version, in the order in which they get one. */
export class WaitingCalls {
  readonly #first = new Set<Waiting>();
  /** Those that an instance has turned away: they go before the others. */
  readonly #again = new Set<Waiting>();

  get size(): number {
    return this.#first.size + this.#again.size;
  }

  /** Since when the one has waited that has done so for longest. */
  get oldest(): number {
    return Math.min(oldestOf(this.#again), oldestOf(this.#first));
  }

  add(one: Waiting): void {
    this.#first.add(one);
  }

  putBack(one: Waiting): void {
    this.#again.add(one);
  }

  /** Takes the next one out; undefined where none waits. */
  next(): Waiting | undefined {
    const queue = this.#again.size > 0 ? this.#again : this.#first;
    const [next] = queue;
    if (next !== undefined) queue.delete(next);
    return next;
  }

  /** Those that it is true of end with that. */
  giveUp(which: (one: Waiting) => boolean, problem: Problem): void {
    for (const queue of [this.#again, this.#first])
      for (const one of queue) {
        if (!which(one)) continue;
        queue.delete(one);
        one.settle(neverBegun(problem));
      }
  }
}

/** When the first of those that wait began to; infinitely late where none does. */
function oldestOf(waiting: ReadonlySet<Waiting>): number {
  const [first] = waiting;
  return first?.since ?? Number.POSITIVE_INFINITY;
}
