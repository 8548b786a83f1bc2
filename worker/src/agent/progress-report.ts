import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { lastLines } from '@parallel-pilot/shared/model/printed-lines.ts';
import { LONGEST_LIVE_LOG } from '@parallel-pilot/shared/protocol/live-log.ts';
import {
  LONGEST_MEASURED_NAME,
  type MeasuredValues,
  MOST_MEASURED,
} from '@parallel-pilot/shared/protocol/measured.ts';
import type { Progress } from '@parallel-pilot/shared/protocol/workers.ts';
import type { ChunkProgress } from '../kinds/kind.ts';

type Latest = Omit<ChunkProgress, 'log'> & {
  sent: boolean;
  /** What was printed, and what of it the farm knows since when. */
  log: string;
  told: { log: string; at: number };
};

type Pace = { everyMs: number; logEveryMs: number };

/**
 * Gathers the slots' progress and sends it at most every `everyMs`; a chunk's fraction never goes back.
 * What a chunk prints goes along at most every `logEveryMs`, when it is other than before.
 */
export class ProgressReport {
  readonly #latest = new Map<LeaseId, Latest>();
  readonly #send: (message: Progress) => void;
  readonly #pace: Pace;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (message: Progress) => void, pace: Pace = { everyMs: 250, logEveryMs: 1_000 }) {
    this.#send = send;
    this.#pace = pace;
  }

  note(lease: LeaseId, { fraction, detail, kept, values, log }: ChunkProgress): void {
    const before = this.#latest.get(lease);
    const measured = values === undefined ? before?.values : sendable(values);
    this.#latest.set(lease, {
      fraction: Math.max(before?.fraction ?? 0, part(fraction)),
      detail: detail.slice(0, 120).toWellFormed(),
      ...(kept === undefined && before?.kept === undefined ? {} : { kept: part(kept ?? before?.kept ?? 0) }),
      ...(measured === undefined ? {} : { values: measured }),
      log: log ?? before?.log ?? '',
      told: before?.told ?? { log: '', at: Number.NEGATIVE_INFINITY },
      sent: false,
    });
    this.#wake();
  }

  /** The chunk is no longer worked on. */
  forget(lease: LeaseId): void {
    this.#latest.delete(lease);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#latest.clear();
  }

  #wake(): void {
    this.#timer ??= setTimeout(() => this.#flush(), this.#pace.everyMs);
  }

  #flush(): void {
    this.#timer = undefined;
    const chunks: Progress['chunks'] = [];
    const now = performance.now();
    for (const [lease, it] of this.#latest) {
      const printed = it.log !== it.told.log;
      const due = printed && now - it.told.at >= this.#pace.logEveryMs;
      if (printed && !due) this.#wake();
      if ((it.sent && !due) || chunks.length === 256) continue;
      const { sent: _, log, told: __, ...progress } = it;
      chunks.push({ lease, ...progress, ...(due ? { log: lastLines(log, LONGEST_LIVE_LOG) } : {}) });
      it.sent = true;
      if (due) it.told = { log, at: now };
    }
    if (chunks.length > 0) this.#send({ chunks });
  }
}

const part = (fraction: number): number =>
  Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;

// One diverged loss must not cost the whole report: what the protocol does not take is left out.
function sendable(values: MeasuredValues): MeasuredValues {
  const fit = Object.entries(values).filter(
    ([name, value]) => name !== '' && name.length <= LONGEST_MEASURED_NAME && Number.isFinite(value),
  );
  return Object.fromEntries(fit.slice(0, MOST_MEASURED).map(([name, value]) => [name.toWellFormed(), value]));
}
