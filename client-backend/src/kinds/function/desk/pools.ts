import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findVersion, type VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts } from '../../../parts.ts';
import type { CallFiles } from './call-files.ts';
import { type Instance, Pool } from './pool.ts';

type Version = Pick<VersionRow, 'function_id' | 'version'>;
type Listed = Pick<Instance, 'lease' | 'worker' | 'room'>;

/** The pools of all versions that are called or have instances, and which instances are whose. */
export class Pools {
  readonly #parts: Pick<Parts, 'db' | 'balancer'>;
  readonly #files: CallFiles;
  readonly #onNeed: (pool: Pool) => void;
  readonly #pools = new Map<string, Pool>();

  /** `onNeed`: calls of it wait, and it has no instance. */
  constructor(parts: Pick<Parts, 'db' | 'balancer'>, files: CallFiles, onNeed: (pool: Pool) => void) {
    this.#parts = parts;
    this.#files = files;
    this.#onNeed = onNeed;
  }

  get all(): readonly Pool[] {
    return [...this.#pools.values()];
  }

  of(row: VersionRow): Pool {
    const known = this.#pools.get(keyOf(row));
    if (known !== undefined) return known;
    const parts = { link: this.#parts.balancer, files: this.#files, now: () => performance.now() };
    const pool = new Pool(FunctionSpec.parse(JSON.parse(row.spec_json)), row.job_id, parts);
    pool.onNeed = () => {
      if (pool.instances.length === 0) this.#onNeed(pool);
    };
    this.#pools.set(keyOf(row), pool);
    pool.know(this.#instances().get(row.job_id as JobId) ?? []);
    return pool;
  }

  /** Where there is one. */
  find(version: Version): Pool | undefined {
    return this.#pools.get(keyOf(version));
  }

  /** Only these versions are called from now on: of the others all instances end, and what is over is let go of. */
  keepOnly(active: readonly Version[]): void {
    const keys = new Set(active.map(keyOf));
    for (const [key, pool] of this.#pools) {
      pool.leaving = !keys.has(key);
      if (pool.leaving && pool.waiting === 0 && pool.busy === 0 && pool.instances.length === 0)
        this.#pools.delete(key);
    }
  }

  /** What the balancer says can be called. */
  know(): void {
    const instances = this.#instances();
    for (const pool of this.#pools.values()) pool.know(instances.get(pool.job as JobId) ?? []);
  }

  /** Instances from before this process began, or that another one asked for. */
  async adopt(): Promise<void> {
    const known = new Set([...this.#pools.values()].map(({ job }) => job));
    for (const job of this.#instances().keys()) {
      if (known.has(job)) continue;
      const row = await findJob(this.#parts.db, job);
      const spec = row?.kind === 'function' ? FunctionSpec.parse(JSON.parse(row.spec_json)) : null;
      const version = spec && (await findVersion(this.#parts.db, spec.function, spec.version));
      if (version?.job_id === job) this.of(version).job = job;
      else for (const { lease } of this.#instances().get(job) ?? []) this.#parts.balancer.retire(lease);
    }
    this.know();
  }

  /** Work waits of which nothing runs: so many instances that nobody calls make room, those first that were called longest ago. */
  makeRoom(count: number): void {
    if (count === 0) return;
    const spare = this.all.flatMap((pool) => pool.spare().map((instance) => ({ pool, instance })));
    spare.sort((a, b) => a.instance.usedAt - b.instance.usedAt);
    for (const { pool, instance } of spare.slice(0, count)) pool.retire(instance);
  }

  /** Instances that can be called, by the jobs that keep them. */
  #instances(): Map<JobId, Listed[]> {
    const found = new Map<JobId, Listed[]>();
    for (const [worker, instances] of this.#parts.balancer.instances())
      for (const { job, lease, room } of instances) {
        const others = found.get(job);
        if (others === undefined) found.set(job, [{ lease, worker, room }]);
        else others.push({ lease, worker, room });
      }
    return found;
  }
}

const keyOf = ({ function_id, version }: Version): string => `${function_id} ${version}`;
