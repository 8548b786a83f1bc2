import type { Farm, SessionId, Worker } from '../farm/farm.ts';
import type { Inbound } from './inbound.ts';

/** A worker with more work than this, milliseconds, waits for nothing that a round brings. */
const AMPLE_MS = 80;

/**
 * Of what comes in for one round, what may be gathered for longer than the rest: that a chunk has begun, and the
 * results of a worker that has enough to do meanwhile. A commit costs more than a short chunk.
 */
export class Calm {
  /** How many results of each connection have come. */
  readonly #results = new Map<SessionId, number>();

  /** To be asked once of each that comes in. */
  has(event: Inbound, farm: Farm): boolean {
    if (event.type === 'started') return true;
    if (event.type !== 'done') return false;
    const results = (this.#results.get(event.session) ?? 0) + 1;
    this.#results.set(event.session, results);
    const worker = farm.sessions.get(event.session);
    return worker !== undefined && workAhead(worker, results) > AMPLE_MS;
  }
}

/** Milliseconds of work that the worker has not begun, as far as is known, when so many of its leases are over. */
function workAhead({ leases, slots, speed }: Worker, over: number): number {
  const ahead = leases.size - over - slots;
  const [first] = leases;
  if (ahead <= 0 || first === undefined) return 0;
  return (ahead * (first.stage.times.work.mean ?? 0)) / speed / slots;
}
