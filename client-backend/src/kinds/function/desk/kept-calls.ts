import { setTimeout as pause } from 'node:timers/promises';
import { CALL_PROBLEMS } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import { callByKey, claimCall, releaseCall, renewCalls } from '@parallel-pilot/shared/server/db/calls.ts';
import type { VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import type { Parts } from '../../../parts.ts';
import { nameOfProcess } from '../../../processes.ts';
import { abandoned, type Begun, type TakenUp } from './abandoned-calls.ts';
import { CallEnds } from './call-ends.ts';
import type { CallFiles } from './call-files.ts';
import type { CallQuota } from './call-quota.ts';
import { GONE, mayRepeat, NEVER_BEGUN, resultIn } from './call-repeats.ts';
import type { CallResult } from './call-result.ts';
import { GroupCommit } from './group-commit.ts';
import type { Invocation } from './invocation.ts';
import { OpenCalls } from './open-calls.ts';
import { StoredCalls } from './stored-calls.ts';
import { Unwritten } from './unwritten.ts';
import type { Work } from './waiting-calls.ts';

/** A backend that gives no sign of life for so long has left its calls to others, milliseconds. */
const CLAIM_MS = 30_000;
const SWEEP_MS = 1_000;
const AGAIN_MS = 1_000;
/** Of those that nobody waits for, one backend has so many in mind, and a function may have so many. */
const MOST_UNDER_WAY = 1_000;
const MOST_OPEN = 100_000;
/** What runs when the backend ends is waited for so long, milliseconds. */
const LAST_MS = 1_500;

type Run = (version: VersionRow, work: Work, patienceMs?: number) => Promise<CallResult>;

type Keyed = { call: CallId; replayed: boolean; result: CallResult } | { call: CallId; result: null };

/** Calls that are rows before they are begun: those that nobody waits for, and those with an idempotency key. */
export class KeptCalls {
  readonly #parts: Parts;
  readonly #quota: CallQuota;
  readonly #run: Run;
  readonly #stored: StoredCalls;
  readonly #unwritten: Unwritten;
  readonly #ends: CallEnds;
  readonly #process: string;
  readonly #timer: NodeJS.Timeout;
  /** Each with what ends once it is over. */
  readonly #under = new Map<CallId, Promise<void>>();
  readonly #open: OpenCalls;
  #sweeping = false;
  #closing = false;

  constructor(
    parts: Parts,
    { quota, files }: { quota: CallQuota; files: Pick<CallFiles, 'letGo'> },
    run: Run,
  ) {
    this.#parts = parts;
    this.#quota = quota;
    this.#open = new OpenCalls(parts.db);
    this.#run = run;
    const writes = new GroupCommit(parts.db);
    this.#process = nameOfProcess(Buffer.from(parts.random(9)).toString('hex'));
    this.#unwritten = new Unwritten(parts.db, writes, this.#process);
    const more = { quota, writes, unwritten: this.#unwritten, process: this.#process, claimMs: CLAIM_MS };
    this.#stored = new StoredCalls(parts, more);
    this.#ends = new CallEnds(parts, { unwritten: this.#unwritten, process: this.#process, files });
    this.#timer = setInterval(() => void this.#sweep(), SWEEP_MS).unref();
  }

  /** Calls it where it was not called with that key before; `result` is null where such a call is under way. */
  async invokeOnce(invocation: Invocation, key: string): Promise<Keyed> {
    const { db, clock } = this.#parts;
    const { function_id } = invocation.version;
    const fresh = this.#stored.rowOf(invocation, { how: 'sync', state: 'running', key });
    if (await this.#stored.insert(fresh, invocation.owner))
      return this.#finish(invocation, fresh.id, { key, attempts: 1 });
    const row = await callByKey(db, function_id, key);
    if (row === undefined) {
      // It was forgotten in between.
      this.#quota.takeAgain(invocation.owner);
      return this.invokeOnce(invocation, key);
    }
    const known = resultIn(row);
    if (known !== null && (known.ok || !CALL_PROBLEMS[known.code].again))
      return { call: row.id, replayed: true, result: known };
    const claim = { process: this.#process, now: clock(), until: clock() + CLAIM_MS, again: true };
    if (row.how === 'async' || !(await claimCall(db, row.id, claim))) return { call: row.id, result: null };
    return this.#finish(invocation, row.id, { key, attempts: row.attempts + 1 });
  }

  /** Takes a call that nobody waits for; with a key that it had before, that call. */
  async post(
    invocation: Invocation,
    key: string | null,
  ): Promise<{ ok: true; call: CallId } | { ok: false; message: string }> {
    const { db } = this.#parts;
    const { function_id } = invocation.version;
    const open = await this.#open.of(function_id).catch((error) => {
      this.#quota.drop(invocation.owner);
      throw error;
    });
    if (open >= MOST_OPEN) {
      const message = `${MOST_OPEN} calls of this function wait already, which are the most that may. Call again later.`;
      this.#quota.drop(invocation.owner);
      return { ok: false, message };
    }
    const row = this.#stored.rowOf(invocation, { how: 'async', state: 'waiting', key });
    const mine = !this.#closing && this.#under.size < MOST_UNDER_WAY;
    const kept = { ...row, ...(mine ? {} : { process: null, expires_at: null }) };
    if (!(await this.#stored.insert(kept, invocation.owner))) {
      const before = key === null ? undefined : await callByKey(db, function_id, key);
      if (before !== undefined) return { ok: true, call: before.id };
      throw new Error('a call of a new id could not be stored');
    }
    if (mine) this.#start(invocation.version, { id: row.id, event: invocation.event, key, attempts: 1 });
    return { ok: true, call: row.id };
  }

  /** Leaves what is under way to whoever comes next. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    const over = Promise.allSettled(this.#under.values());
    await Promise.race([over, pause(LAST_MS, undefined, { ref: false })]);
  }

  async #finish(
    { version, event }: Invocation,
    call: CallId,
    { key, attempts }: { key: string; attempts: number },
  ): Promise<Keyed> {
    const result = await this.#run(version, { call, event, attempt: attempts, key });
    await this.#ends.write({ id: call, function: version.function_id, event: null, attempts }, result);
    return { call, replayed: false, result };
  }

  #start(version: VersionRow, row: Begun): void {
    if (this.#under.has(row.id)) return;
    const done = this.#work(version, row)
      .catch((err) => this.#parts.log.warn({ event: 'calls.kept-failed', call: row.id, err }))
      .finally(() => this.#under.delete(row.id));
    this.#under.set(row.id, done);
  }

  async #work(version: VersionRow, { id, event, key, attempts }: Begun): Promise<void> {
    const { clock } = this.#parts;
    const work = { call: id, event, attempt: attempts, key };
    const result = await this.#run(version, work, Number.POSITIVE_INFINITY);
    const now = clock();
    const again = !result.ok && mayRepeat(result.code, attempts, this.#closing);
    const begun = result.ok || !NEVER_BEGUN.has(result.code);
    const next = { attempts: begun ? attempts : attempts - 1, notBefore: now + AGAIN_MS };
    const released = this.#closing ? { ...next, notBefore: 0 } : next;
    if (again) await this.#unwritten.write(id, (db) => releaseCall(db, id, this.#process, released));
    else await this.#ends.write({ id, function: version.function_id, event, attempts }, result);
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#closing) return;
    this.#sweeping = true;
    try {
      const { db, clock } = this.#parts;
      const now = clock();
      await renewCalls(db, this.#process, now + CLAIM_MS);
      const free = { room: MOST_UNDER_WAY - this.#under.size, has: (id: CallId) => this.#under.has(id) };
      const by = { process: this.#process, now, until: now + CLAIM_MS };
      for await (const taken of abandoned(this.#parts, by, free, this.#unwritten)) await this.#takeUp(taken);
      // Last: what can never be written keeps nothing else back.
      await this.#unwritten.writeAgain();
    } catch (err) {
      this.#parts.log.warn({ event: 'calls.sweep-failed', err });
    } finally {
      this.#sweeping = false;
    }
  }

  async #takeUp(taken: TakenUp): Promise<void> {
    if (taken.version !== undefined) this.#start(taken.version, taken.work);
    else await this.#ends.write({ ...taken.work, function: taken.function }, GONE);
  }
}
