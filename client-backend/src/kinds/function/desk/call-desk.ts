import { type CallId, newId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { releaseExpired } from '@parallel-pilot/shared/server/db/call-files.ts';
import { forgetCalls } from '@parallel-pilot/shared/server/db/call-records.ts';
import { dayOf, forgetCallsOfDays } from '@parallel-pilot/shared/server/db/calls-by-day.ts';
import type { FunctionRow, VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import { activeVersions, findVersion, functionById } from '@parallel-pilot/shared/server/db/functions.ts';
import { waitingStages } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../../parts.ts';
import type { JobDesk } from '../../kind.ts';
import { CallFiles } from './call-files.ts';
import { CallQuota } from './call-quota.ts';
import type { CallResult } from './call-result.ts';
import { endedCall } from './call-rows.ts';
import type { Invocation } from './invocation.ts';
import { keepInstances } from './keep-instances.ts';
import { KeptCalls } from './kept-calls.ts';
import type { Pool } from './pool.ts';
import { Pools } from './pools.ts';
import { isReady, turnToReady, waitedFor } from './readiness.ts';
import { Recorder } from './recorder.ts';
import { wantedInstances } from './scale.ts';
import { releaseAllSources } from './sources.ts';

/** Whoever waits for an answer waits so long for an instance at the most, milliseconds. */
const PATIENCE_MS = 60_000;
const TICK_MS = 250;
/** A free slot is given out sooner than that. */
const STARVES_MS = 400;
const MOST_STARVING = 100;
const FORGET_EVERY_MS = 10 * 60_000;
/** Of one function. */
const MOST_RECORDS = 100_000;
const RECORDS_KEPT_MS = 30 * 24 * 3_600_000;
const DAYS_COUNTED_MS = 7 * 24 * 3_600_000;
const REFRESH_MS = 2_000;
/** What ended an instance of itself most likely ends the next one too: it is not tried before. */
const TROUBLE_MS = 5_000;

/** All versions that are called or have instances, and who gets which call. One in a backend. */
export class CallDesk {
  readonly #recorder: Recorder;
  readonly quota: CallQuota;
  readonly files: CallFiles;
  readonly kept: KeptCalls;
  readonly #parts: Parts;
  readonly #jobs: JobDesk;
  readonly #pools: Pools;
  readonly #keeping = new Set<Pool>();
  readonly #timers: NodeJS.Timeout[];
  #refreshing = false;
  #forgottenAt = 0;

  constructor(parts: Parts, jobs: JobDesk) {
    this.#parts = parts;
    this.#jobs = jobs;
    this.files = new CallFiles(parts, jobs);
    this.#pools = new Pools(parts, this.files, (pool) => this.#keep(pool));
    this.quota = new CallQuota(parts);
    this.#recorder = new Recorder(parts, this.quota);
    this.kept = new KeptCalls(parts, this, (row, work, patienceMs) => this.run(row, work, patienceMs));
    parts.balancer.onInstances(() => this.#pools.know());
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS).unref(),
      setInterval(() => void this.refresh(), REFRESH_MS).unref(),
    ];
    jobs.atEnd(() => this.close());
  }

  /** Calls it once, and returns when that is recorded. Never rejects for what a call may come to. */
  async invoke({
    version: row,
    event,
    person,
    owner,
  }: Invocation): Promise<{ call: CallId; result: CallResult }> {
    const { clock, random } = this.#parts;
    const call = newId('cal', random);
    const created_at = clock();
    const result = await this.run(row, { call, event, attempt: 1, key: null }, PATIENCE_MS);
    const { function_id, version } = row;
    const about = { id: call, function_id, version, person_id: person, how: 'sync', created_at } as const;
    await this.#recorder.record(endedCall(about, result, clock()), owner);
    return { call, result };
  }

  run(row: VersionRow, work: Parameters<Pool['run']>[0], patienceMs = PATIENCE_MS): Promise<CallResult> {
    return this.#pools.of(row).run(work, patienceMs);
  }

  /** Has the packages of a version installed, and its image got, where that was not done yet, before it is called. */
  async install(row: VersionRow, team: TeamId): Promise<void> {
    if (!(await isReady(this.#parts, team, waitedFor(row)))) this.#begin(row);
  }

  /** What has failed of it so far counts as being of long ago. */
  #begin(row: VersionRow): void {
    const pool = this.#pools.of(row);
    if (pool.instances.length === 0) pool.job = null;
    this.#keep(pool, 1);
  }

  /** What stands behind a version now. */
  standing(version: Pick<VersionRow, 'function_id' | 'version'>): { instances: number; waiting: number } {
    const pool = this.#pools.find(version);
    return { instances: pool?.instances.length ?? 0, waiting: pool?.waiting ?? 0 };
  }

  /** Looks which versions are active, and keeps the least of each. Overlapping calls are one. */
  async refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      await turnToReady(this.#parts, this.#pools, (row) => this.#begin(row));
      const rows = await activeVersions(this.#parts.db);
      this.#pools.keepOnly(rows);
      for (const row of rows) {
        const pool = this.#pools.of(row);
        if (pool.spec.settings.min > 0 && !pool.outgoing && !pool.incoming) this.#keep(pool);
      }
      await this.#pools.adopt();
      await this.#forget(rows);
      const starving = await waitingStages(this.#parts.db, ['preparing', 'queued', 'running'], MOST_STARVING);
      this.#pools.makeRoom(starving.length);
    } catch (error) {
      this.#parts.log.warn({ event: 'functions.refresh-failed', err: error });
    } finally {
      this.#refreshing = false;
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const kept = this.kept.close();
    for (const pool of this.#pools.all) pool.giveUp('stopped', 'The farm is stopping.', 60_000);
    await kept;
    await this.#recorder.written();
  }

  /** Lets go of old records, now and then. */
  async #forget(rows: readonly VersionRow[]): Promise<void> {
    const now = this.#parts.clock();
    if (now < this.#forgottenAt + FORGET_EVERY_MS) return;
    this.#forgottenAt = now;
    const kept = { most: MOST_RECORDS, before: now - RECORDS_KEPT_MS };
    await releaseExpired(this.#parts.db, now);
    await releaseAllSources(this.#parts.db);
    for (const { function_id } of rows) await forgetCalls(this.#parts.db, function_id, kept);
    await forgetCallsOfDays(this.#parts.db, dayOf(now - DAYS_COUNTED_MS));
  }

  #tick(): void {
    for (const pool of this.#pools.all) {
      pool.tick(
        `No instance of ${pool.spec.name} was ready within ${PATIENCE_MS / 1_000} seconds: its job says what it waits for${pool.job === null ? '' : ` (pilot job ${pool.job})`}.`,
      );
      if (pool.waiting > 0) this.#keep(pool);
      if (pool.waiting > 0 && pool.instances.length === 0 && pool.oldestMs > STARVES_MS)
        this.#pools.makeRoom(1);
    }
  }

  #keep(pool: Pool, least = 0): void {
    if (this.#keeping.has(pool) || pool.rests) return;
    const { busy, waiting, oldestMs } = pool;
    const demand = { busy, waiting, oldestMs, instances: pool.instances.length };
    const wanted = Math.max(least, wantedInstances(pool.spec.settings, demand));
    if (wanted <= pool.instances.length) return;
    this.#keeping.add(pool);
    void keepInstances(this.#parts, this.#jobs, pool, wanted)
      .then((kept) => {
        if (kept.kept === 'refused') pool.giveUp(kept.code, kept.message, TROUBLE_MS);
        if (kept.kept === 'failed') {
          pool.fail(kept.code, kept.message);
          // From now on what failed counts as being of long ago.
          pool.job = null;
        }
        this.#pools.know();
      })
      .catch((err) => this.#parts.log.warn({ event: 'functions.keep-failed', err }))
      .finally(() => this.#keeping.delete(pool));
  }
}

/** The function's version that takes its calls; null where it was deleted meanwhile. */
export async function servingVersion(
  { db }: Pick<Parts, 'db'>,
  { id, active_version, serving_version }: FunctionRow,
): Promise<VersionRow | null> {
  const version = await findVersion(db, id, serving_version ?? active_version);
  if (version !== undefined) return version;
  const again = await functionById(db, id);
  return again === undefined ? null : ((await findVersion(db, id, again.active_version)) ?? null);
}
