import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import { mostAhead } from '@parallel-pilot/shared/protocol/look-ahead.ts';
import { type Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Places } from './prepare-chunk.ts';

/** A lease this worker holds. `stop` is aborted when the lease ends for any other reason than being delivered. */
export type Held = { lease: LeaseId; stop: AbortController; phase: Phase };

/** That a running chunk is to end: `notice` is aborted when that is said, `halt` when it has not ended in time. */
export type Preemption = { notice: AbortController; halt: AbortController; timer?: NodeJS.Timeout };

export type Phase =
  | { at: 'fetching'; assign: Assign }
  /** Everything is on disk, since a time on performance.now()'s clock. */
  | { at: 'ready'; assign: Assign; places: Places; since: number }
  | { at: 'running'; assign: Assign; slot: number; preemption: Preemption }
  /** The result, or the failure, is looked at, or on its way to the farm: its slot may work on the next chunk. */
  | { at: 'delivering' };

export type HeldLeases = ReadonlyMap<LeaseId, Held>;

export const hasStarted = (held: Held): boolean =>
  held.phase.at === 'running' || held.phase.at === 'delivering';

/** More undelivered results than this mean that the farm does not take them; then no more work is accepted. */
const MOST_UNDELIVERED = 128;

export type Mode = 'working' | 'draining' | 'leaving';

/** `take` is false for an assignment that came twice. */
export function answerAssign(
  held: HeldLeases,
  ended: ReadonlySet<LeaseId>,
  lease: LeaseId,
  worker: { slots: number; mode: Mode; diskFull: boolean },
): { reply: Reply; take: boolean } {
  if (held.has(lease)) return { reply: { ok: true }, take: false };
  if (ended.has(lease)) return { reply: refusal('stale-lease'), take: false };
  if (worker.mode !== 'working') return { reply: refusal('draining'), take: false };
  const delivering = held.values().reduce((sum, it) => sum + (it.phase.at === 'delivering' ? 1 : 0), 0);
  const full =
    worker.diskFull ||
    held.size - delivering >= worker.slots + mostAhead(worker.slots) ||
    delivering >= MOST_UNDELIVERED;
  return full ? { reply: refusal('busy'), take: false } : { reply: { ok: true }, take: true };
}

/** `drop` is true when the chunk is given back. An unknown lease is not worked on, so taking it back is granted. */
export function answerReclaim(
  held: HeldLeases,
  ended: ReadonlySet<LeaseId>,
  lease: LeaseId,
): { reply: Reply; drop: boolean } {
  const found = held.get(lease);
  if (found === undefined) {
    return { reply: ended.has(lease) ? refusal('stale-lease') : { ok: true }, drop: false };
  }
  return hasStarted(found)
    ? { reply: refusal('already-started'), drop: false }
    : { reply: { ok: true }, drop: true };
}

/** A chunk that has waited so long for room, milliseconds, is passed over no more: the others wait until it has begun. */
const PASSED_OVER_MS = 30_000;

type Ready = Held & { phase: Extract<Phase, { at: 'ready' }> };

/**
 * The chunk that a free slot runs next, of those for which there is room beside what runs: the oldest that the slot
 * has open; else the oldest that no other slot has open; else the oldest.
 */
export function chooseNext(
  held: HeldLeases,
  { open, openElsewhere }: { open: string | null; openElsewhere: readonly (string | null)[] },
  hasRoom: (asked: Asked) => boolean,
  now: number,
): Ready | undefined {
  const ready: Ready[] = [];
  for (const it of held.values()) {
    if (!isReady(it)) continue;
    if (hasRoom(it.phase.assign.asked)) ready.push(it);
    else if (now - it.phase.since >= PASSED_OVER_MS) break;
  }
  return (
    ready.find((it) => it.phase.assign.affinity === open) ??
    ready.find((it) => !openElsewhere.includes(it.phase.assign.affinity)) ??
    ready[0]
  );
}

const isReady = (held: Held): held is Ready => held.phase.at === 'ready';

/** The last leases that ended here, so that a message which comes twice or late is known for what it is. */
export class EndedLeases {
  readonly #leases = new Set<LeaseId>();
  readonly #most: number;

  constructor(most = 2_000) {
    this.#most = most;
  }

  get all(): ReadonlySet<LeaseId> {
    return this.#leases;
  }

  add(lease: LeaseId): void {
    this.#leases.add(lease);
    const oldest = this.#leases.values().next();
    if (this.#leases.size > this.#most && !oldest.done) this.#leases.delete(oldest.value);
  }
}
