import assert from 'node:assert/strict';
import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import type { JobId, LeaseId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { type ChunkId, chunkId, ordinalOfChunk, stageOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import { inSteps } from '../../src/effects/write-steps.ts';
import { ChunkTable } from '../../src/farm/chunk-table.ts';
import type { Write } from '../../src/farm/effects.ts';
import type { JobFacts, JobsRead, LoadedStage } from '../../src/farm/events.ts';

type Row = {
  status: ChunkStatus;
  attempts: number;
  lease: LeaseId | null;
  worker: WorkerId | null;
  startedAt: number | null;
  finishes: number;
};
type LeaseRow = { chunk: ChunkId; worker: WorkerId; outcome: string | null; code: string | null };

/** A database in memory that takes the same writes in the same steps, and refuses one that finds no row as expected. */
export class Mirror {
  readonly jobs = new Map<
    JobId,
    JobFacts & { stage: Omit<LoadedStage, 'chunks' | 'held' | 'failures' | 'succeeded' | 'busyTimes'> }
  >();
  readonly chunks = new Map<ChunkId, Row>();
  readonly leases = new Map<LeaseId, LeaseRow>();
  readonly online = new Set<WorkerId>();
  readonly #sizes = new Map<StageId, number>();

  plant(
    facts: JobFacts,
    stage: { id: StageId; size: number } & Pick<LoadedStage, 'requirements' | 'affinity'>,
  ): void {
    const { size, ...rest } = stage;
    this.jobs.set(facts.id, {
      ...facts,
      stage: { ...rest, job: facts.id, name: 'render', spec: {}, inputs: [] },
    });
    this.#sizes.set(stage.id, size);
    for (let ordinal = 0; ordinal < size; ordinal += 1) {
      this.chunks.set(chunkId(stage.id, ordinal), {
        status: 'queued',
        attempts: 0,
        lease: null,
        worker: null,
        startedAt: null,
        finishes: 0,
      });
    }
  }

  rowsOf(job: JobId): Row[] {
    const stage = this.jobs.get(job)?.stage.id;
    return [...this.chunks].filter(([id]) => stageOfChunk(id) === stage).map(([, row]) => row);
  }

  /** What reading these jobs gives; stages in `known` are not read whole. */
  read(asked: JobId[], known: ReadonlySet<StageId>): JobsRead {
    const found = asked.flatMap((id) => this.jobs.get(id) ?? []);
    return {
      type: 'jobs-read',
      asked,
      jobs: found.map(({ stage: _, ...facts }) => facts),
      openStages: found.map((job) => job.stage.id),
      loaded: found.filter((job) => !known.has(job.stage.id)).map((job) => this.#load(job.stage)),
    };
  }

  #load(stage: Omit<LoadedStage, 'chunks' | 'held' | 'failures' | 'succeeded' | 'busyTimes'>): LoadedStage {
    const chunks = new ChunkTable(this.#sizes.get(stage.id) ?? 0);
    const held: LoadedStage['held'] = [];
    for (let ordinal = 0; ordinal < chunks.size; ordinal += 1) {
      const row = this.row(chunkId(stage.id, ordinal));
      chunks.set(ordinal, row.status, row.attempts);
      if (
        (row.status === 'leased' || row.status === 'running') &&
        row.lease !== null &&
        row.worker !== null
      ) {
        held.push({ ordinal, lease: row.lease, worker: row.worker, startedAt: row.startedAt });
      }
    }
    const ours = [...this.leases.values()].filter((lease) => stageOfChunk(lease.chunk) === stage.id);
    return {
      ...stage,
      chunks,
      held,
      failures: ours
        .filter((lease) => lease.outcome === 'failed')
        .map((lease) => ({ chunk: lease.chunk, worker: lease.worker, code: lease.code ?? '', message: '' })),
      succeeded: ours.filter((lease) => lease.outcome === 'done').map((lease) => lease.worker),
      busyTimes: [],
    };
  }

  row(chunk: ChunkId): Row {
    const row = this.chunks.get(chunk);
    assert.ok(row, `There is no chunk ${chunk}`);
    return row;
  }

  apply(writes: readonly Write[]): void {
    for (const step of inSteps(writes)) {
      if (step.type === 'starts') step.starts.forEach((write) => void this.#start(write));
      else if (step.type === 'settles') step.settles.forEach((write) => void this.#settle(write));
      else if (step.type === 'grants') step.grants.forEach((write) => void this.#grant(write));
      else this.#single(step.write);
    }
  }

  #grant({ chunk, lease, worker }: Extract<Write, { type: 'grant' }>): void {
    const row = this.row(chunk);
    assert.equal(row.status, 'queued', `${chunk} is granted`);
    assert.ok(!this.leases.has(lease));
    Object.assign(row, { status: 'leased', lease, worker });
    this.leases.set(lease, { chunk, worker, outcome: null, code: null });
  }

  #start({ chunk, lease, at }: Extract<Write, { type: 'start' }>): void {
    const row = this.row(chunk);
    assert.deepEqual([row.status, row.lease], ['leased', lease], `${chunk} starts`);
    Object.assign(row, { status: 'running', attempts: row.attempts + 1, startedAt: at });
  }

  #settle(write: Extract<Write, { type: 'settle' }>): void {
    const row = this.row(write.chunk);
    assert.ok(row.status === 'leased' || row.status === 'running', `${write.chunk} is ${row.status}`);
    assert.equal(row.lease, write.lease);
    const lease = this.leases.get(write.lease);
    assert.equal(lease?.outcome, null);
    if (lease) Object.assign(lease, { outcome: write.outcome, code: 'code' in write ? write.code : null });
    const isDone = write.next === 'done';
    Object.assign(row, { status: write.next, attempts: write.attempts, startedAt: null });
    if (isDone) row.finishes += 1;
    else Object.assign(row, { lease: null, worker: null });
  }

  #single(write: Exclude<Write, { type: 'grant' | 'start' | 'settle' }>): void {
    if (write.type === 'worker') this.online.add(write.hello.worker);
    if (write.type === 'worker-status' && write.status === 'offline') this.online.delete(write.worker);
    if (write.type === 'cancel-queued') this.#moveAll(write.stage, ['queued'], { status: 'canceled' });
    if (write.type === 'fail-queued') this.#moveAll(write.stage, ['queued'], { status: 'failed' });
    if (write.type === 'retry')
      this.#moveAll(write.stage, ['failed', 'canceled'], { status: 'queued', attempts: 0 });
    assert.notEqual(write.type, 'reject', 'the simulation rejects nothing');
  }

  #moveAll(stage: StageId, from: ChunkStatus[], to: Partial<Row>): void {
    for (const [id, row] of this.chunks) {
      if (stageOfChunk(id) === stage && from.includes(row.status)) Object.assign(row, to);
    }
  }

  /** The table in the farm's memory says the same as the rows. */
  assertEqual(stage: StageId, table: ChunkTable): void {
    for (const [id, row] of this.chunks) {
      if (stageOfChunk(id) !== stage) continue;
      const ordinal = ordinalOfChunk(id);
      const seen = [table.status(ordinal), table.attempts(ordinal)];
      assert.deepEqual(seen, [row.status, row.attempts], `${id} in memory and in the database`);
    }
  }
}
