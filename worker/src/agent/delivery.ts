import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { RefusalCode, Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { DeliveredFile } from '@parallel-pilot/shared/protocol/workers.ts';
import PQueue from 'p-queue';
import type { BlobAccess, BlobAddress } from '../assets/blob-address.ts';
import { hashOf, uploadFile } from '../assets/upload.ts';
import { backoffMs, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import type { Connection } from './connection.ts';
import { EarlyUploads, earlyQueue } from './early-uploads.ts';
import { type OutboxEntry, type OutboxMessage, sourceOf } from './outbox.ts';

type DoneMessage = Extract<OutboxMessage, { type: 'done' }>;
type PreemptedMessage = Extract<OutboxMessage, { type: 'preempted' }>;
type FailedMessage = Extract<OutboxMessage, { type: 'failed' }>;
type Uploaded = (files: readonly DeliveredFile[]) => Promise<void>;
type Of = { entry: OutboxEntry; uploaded: Uploaded; early: EarlyUploads | undefined };
type Step = { over: true } | { over: false; next: OutboxMessage };

const UPLOADS_AT_ONCE = 4;

/** Brings results to the farm: uploads the files, reports, and tries again until the farm has answered for good. */
export class Delivery {
  readonly #uploads = new PQueue({ concurrency: UPLOADS_AT_ONCE });
  readonly #connection: Connection;
  readonly #address: BlobAddress;
  readonly #log: Log;
  readonly #earlyQueue = earlyQueue();

  constructor(connection: Connection, address: BlobAddress, log: Log) {
    this.#connection = connection;
    this.#address = address;
    this.#log = log;
  }

  /** For what of a lease's result is there while its chunk runs. */
  early(access: BlobAccess, signal: AbortSignal): EarlyUploads {
    const parts = {
      address: this.#address,
      queue: this.#earlyQueue,
      log: this.#log,
      now: () => performance.now(),
    };
    return new EarlyUploads(parts, access, signal);
  }

  /** Resolves when the farm has taken or refused the result, or the signal aborts. `uploaded` is called before it is reported. */
  async deliver(
    entry: OutboxEntry,
    signal: AbortSignal,
    { uploaded = async () => {}, early }: { uploaded?: Uploaded; early?: EarlyUploads } = {},
  ): Promise<void> {
    let message = entry.message;
    while (!signal.aborted) {
      const step = await this.#step(message, { entry, uploaded, early }, signal);
      if (step.over) return;
      message = step.next;
      early?.forget();
    }
  }

  #step(message: OutboxMessage, of: Of, signal: AbortSignal): Promise<Step> {
    switch (message.type) {
      case 'done':
        return this.#deliverDone(message, of, signal);
      case 'preempted':
        return this.#deliverPreempted(message, of.entry, signal);
      case 'failed':
        return this.#deliverFailed(message, signal);
      default:
        return message satisfies never;
    }
  }

  /** Reports that the agent itself failed at this chunk; nothing is kept for it on disk. */
  async reportBug(lease: LeaseId, message: string, signal: AbortSignal): Promise<void> {
    await this.#deliverFailed(
      {
        type: 'failed',
        lease,
        signature: '',
        busyMs: 0,
        peakMemoryBytes: 0,
        log: '',
        code: 'unexpected',
        message,
      },
      signal,
    );
  }

  async #deliverDone(
    message: DoneMessage,
    { entry, uploaded: tell, early }: Of,
    signal: AbortSignal,
  ): Promise<Step> {
    await this.#whenWelcome(signal);
    const uploaded = await this.#upload(message, { entry, early }, signal);
    if (signal.aborted) return { over: true };
    if (uploaded.sent === false) return { over: false, next: uploaded.instead };
    // The next chunk may come with the answer to the report.
    await tell(uploaded.files);
    const { lease, result, busyMs, openingMs, peakMemoryBytes, log } = message;
    const opening = openingMs === 0 ? {} : { openingMs };
    const spent = { busyMs, ...opening, peakMemoryBytes };
    const done = { lease, result, files: uploaded.files, ...spent, log: log.slice(-4_096).toWellFormed() };
    const reply = await this.#report(() => this.#connection.ask('done', done), signal);
    if (reply === null) return { over: true };
    if (reply.ok || isOver(reply.code)) {
      this.#log.debug({ event: 'chunk.delivered', lease, reply: reply.ok ? 'ok' : reply.code });
      return { over: true };
    }
    if (mayUploadAgain(reply.code)) {
      await pause(200, signal);
      return { over: false, next: message };
    }
    return {
      over: false,
      next: asFailure(message, 'unexpected', `The farm refused the result: ${reply.message}`),
    };
  }

  /** A checkpoint that the farm cannot have is lost: the chunk begins anew then. */
  async #deliverPreempted(message: PreemptedMessage, entry: OutboxEntry, signal: AbortSignal): Promise<Step> {
    await this.#whenWelcome(signal);
    const uploaded = await this.#upload(message, { entry, early: undefined }, signal);
    if (signal.aborted) return { over: true };
    const { lease, busyMs, peakMemoryBytes } = message;
    const checkpoint = uploaded.sent ? (uploaded.files[0] ?? null) : null;
    const log = message.log.slice(-4_096).toWellFormed();
    const said = { lease, checkpoint, busyMs, peakMemoryBytes, log };
    const reply = await this.#report(() => this.#connection.ask('preempted', said), signal);
    if (reply === null || reply.ok || isOver(reply.code)) return { over: true };
    if (mayUploadAgain(reply.code)) {
      await pause(200, signal);
      return { over: false, next: message };
    }
    return { over: false, next: { ...message, files: [] } };
  }

  async #deliverFailed(message: FailedMessage, signal: AbortSignal): Promise<Step> {
    const { lease, code, busyMs, peakMemoryBytes } = message;
    const failed = {
      lease,
      code,
      message: message.message.slice(0, 2_000).toWellFormed(),
      busyMs,
      peakMemoryBytes,
      log: message.log.slice(-16_384).toWellFormed(),
    };
    const reply = await this.#report(() => this.#connection.ask('failed', failed), signal);
    if (reply !== null && !reply.ok && reply.code !== 'stale-lease') {
      this.#log.error({ event: 'failure.refused', lease, code: reply.code, reason: reply.message });
    }
    return { over: true };
  }

  /** The files beside each other: a small one must not wait for a large one to be stored. */
  async #upload(
    message: DoneMessage | PreemptedMessage,
    of: Pick<Of, 'entry' | 'early'>,
    signal: AbortSignal,
  ): Promise<{ sent: true; files: DeliveredFile[] } | { sent: false; instead: FailedMessage }> {
    const enough = new AbortController();
    const stop = AbortSignal.any([signal, enough.signal]);
    const uploads = message.files.map((file) =>
      this.#uploads.add(async () => {
        if (stop.aborted) return null;
        const uploaded = await this.#uploadOne(message, of, file, stop);
        if (uploaded !== null && 'type' in uploaded) enough.abort();
        return uploaded;
      }),
    );
    const files: DeliveredFile[] = [];
    let instead: FailedMessage | undefined;
    for (const one of await Promise.all(uploads)) {
      if (one === null) continue;
      if ('type' in one) instead ??= one;
      else files.push(one);
    }
    return instead === undefined ? { sent: true, files } : { sent: false, instead };
  }

  /** Null when it was stopped. */
  async #uploadOne(
    message: DoneMessage | PreemptedMessage,
    { entry, early }: Pick<Of, 'entry' | 'early'>,
    { name, path, mediaType, size }: DoneMessage['files'][number],
    signal: AbortSignal,
  ): Promise<DeliveredFile | FailedMessage | null> {
    const source = sourceOf(entry, path);
    const hash = await hashOf(source, size).catch((error: Error) => error);
    if (hash instanceof Error) {
      const why = `The file "${name}" of the result cannot be read: ${hash.message}`;
      return asFailure(message, 'unexpected', why);
    }
    const brought = (await early?.receiptOf(hash)) ?? null;
    if (brought !== null) return { name, hash, size, mediaType, receipt: brought };
    if (signal.aborted) return null;
    const url = () => this.#address(hash, message);
    const outcome = await uploadFile({ source, mediaType, size, url, signal, log: this.#log });
    if (outcome.ok) return { name, hash, size, mediaType, receipt: outcome.receipt };
    if (outcome.why === 'stopped') return null;
    const why =
      outcome.why === 'refused' ? outcome.message : 'The farm no longer takes files for this lease.';
    const { sentence } = FAILURES['upload-failed'];
    // Where the lease has indeed ended this report is refused as stale; where it has not, the chunk must not wait for ever.
    return asFailure(message, 'upload-failed', `${sentence} ${why}`);
  }

  /**
   * Asks until there is an answer for good; null when the signal ended it. A
   * farm that does not know this connection is joined anew before the result
   * is given up: its welcome tells which leases still stand.
   */
  async #report(ask: () => Promise<Reply | null>, signal: AbortSignal): Promise<Reply | null> {
    for (let failures = 1; ; failures += 1) {
      await this.#whenWelcome(signal);
      if (signal.aborted) return null;
      const reply = await orStopped(ask(), signal);
      if (reply !== null && isFinal(reply, failures)) return reply;
      if (reply !== null && !reply.ok && reply.code === 'not-allowed') this.#connection.rejoin();
      if (!(await pause(backoffMs(failures, Math.random, 100, 5_000), signal))) return null;
    }
  }

  async #whenWelcome(signal: AbortSignal): Promise<void> {
    if (!this.#connection.welcome) await orStopped(this.#connection.whenWelcome(), signal);
  }
}

const MOST_REJOINS = 3;

function isFinal(reply: Reply, failures: number): boolean {
  if (reply.ok) return true;
  return reply.code === 'not-allowed' ? failures > MOST_REJOINS : reply.code !== 'not-ready';
}

/** What the promise gives, or null as soon as the signal aborts. */
async function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return null;
  const { promise: stopped, resolve } = Promise.withResolvers<null>();
  const stop = () => resolve(null);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const isOver = (code: RefusalCode): boolean => code === 'stale-lease' || code === 'not-allowed';
const mayUploadAgain = (code: RefusalCode): boolean => code === 'blob-missing' || code === 'not-uploaded';

function asFailure(
  message: DoneMessage | PreemptedMessage,
  code: FailedMessage['code'],
  why: string,
): FailedMessage {
  const { lease, signature, busyMs, peakMemoryBytes, log } = message;
  return { type: 'failed', lease, signature, busyMs, peakMemoryBytes, log, code, message: why };
}
