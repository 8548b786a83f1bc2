import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import {
  LONGEST_MEASURED_NAME,
  type MeasuredValues,
  MOST_MEASURED,
} from '@parallel-pilot/shared/protocol/measured.ts';
import type { Progress } from '@parallel-pilot/shared/protocol/workers.ts';
import type { ChunkProgress } from '../kinds/kind.ts';

/** Gathers the slots' progress and sends it at most every `everyMs`; a chunk's fraction never goes back. */
export class ProgressReport {
  readonly #latest = new Map<LeaseId, ChunkProgress & { sent: boolean }>();
  readonly #send: (message: Progress) => void;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (message: Progress) => void, everyMs = 250) {
    this.#send = send;
    this.#everyMs = everyMs;
  }

  note(lease: LeaseId, { fraction, detail, values }: ChunkProgress): void {
    const before = this.#latest.get(lease);
    const inRange = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
    const measured = values === undefined ? before?.values : sendable(values);
    this.#latest.set(lease, {
      fraction: Math.max(before?.fraction ?? 0, inRange),
      detail: detail.slice(0, 120).toWellFormed(),
      ...(measured === undefined ? {} : { values: measured }),
      sent: false,
    });
    this.#timer ??= setTimeout(() => this.#flush(), this.#everyMs);
  }

  /** The chunk is no longer worked on. */
  forget(lease: LeaseId): void {
    this.#latest.delete(lease);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#latest.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    const chunks: Progress['chunks'] = [];
    for (const [lease, it] of this.#latest) {
      if (it.sent || chunks.length === 256) continue;
      const { sent: _, ...progress } = it;
      chunks.push({ lease, ...progress });
      it.sent = true;
    }
    if (chunks.length > 0) this.#send({ chunks });
  }
}

// One diverged loss must not cost the whole report: what the protocol does not take is left out.
function sendable(values: MeasuredValues): MeasuredValues {
  const fit = Object.entries(values).filter(
    ([name, value]) => name !== '' && name.length <= LONGEST_MEASURED_NAME && Number.isFinite(value),
  );
  return Object.fromEntries(fit.slice(0, MOST_MEASURED).map(([name, value]) => [name.toWellFormed(), value]));
}
