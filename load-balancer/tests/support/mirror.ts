import assert from 'node:assert/strict';
import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import type { JobId, LeaseId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { type ChunkId, chunkId, ordinalOfChunk, stageOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import type { LeasePurpose } from '@parallel-pilot/shared/model/lease.ts';
import type { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { inSteps } from '../../src/effects/write-steps.ts';
import { ChunkTable } from '../../src/farm/chunk-table.ts';
import type { EndWrite, MoveWrite, Write } from '../../src/farm/effects.ts';
import type { JobFacts, JobsRead, LoadedStage } from '../../src/farm/events.ts';

type Row = {
  status: ChunkStatus;
  attempts: number;
  accepted: LeaseId | null;
  finishes: number;
  /** Why it failed. */
  failure: string | null;
};
type LeaseRow = {
  chunk: ChunkId;
  worker: WorkerId;
  purpose: LeasePurpose;
  gang: number | null;
  startedAt: number | null;
  outcome: string | null;
  code: string | null;
  peakMemoryBytes: number;
  /** Of one that was taken back: what it left, until that is dropped. */
  checkpoint: ResultFile | null;
};
type History = 'chunks' | 'held' | 'takenBack' | 'failures' | 'succeeded' | 'busyTimes' | 'memorySeen';

/** A database in memory that takes the same writes in the same steps, and refuses one that finds no row as expected. */
export class Mirror {
  readonly jobs = new Map<JobId, JobFacts & { stage: Omit<LoadedStage, History> }>();
  readonly chunks = new Map<ChunkId, Row>();
  readonly leases = new Map<LeaseId, LeaseRow>();
  readonly online = new Set<WorkerId>();
  /** Stages that the backend has closed. */
  readonly closed = new Set<StageId>();
  readonly #openLeases = new Set<LeaseId>();
  readonly #sizes = new Map<StageId, number>();

  plant(
    facts: JobFacts,
    stage: { id: StageId; size: number } & Pick<
      LoadedStage,
      'requirements' | 'affinity' | 'asked' | 'gangMin' | 'pins'
    >,
  ): void {
    const { size, ...rest } = stage;
    this.jobs.set(facts.id, {
      ...facts,
      stage: {
        ...rest,
        job: facts.id,
        name: 'render',
        plannedAt: facts.createdAt,
        spec: {},
        inputs: [],
        span: { from: 0, to: 1 },
      },
    });
    this.#sizes.set(stage.id, size);
    for (let ordinal = 0; ordinal < size; ordinal += 1) {
      this.chunks.set(chunkId(stage.id, ordinal), {
        status: 'queued',
        attempts: 0,
        accepted: null,
        finishes: 0,
        failure: null,
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
    const open = found.filter((job) => !this.closed.has(job.stage.id));
    return {
      type: 'jobs-read',
      asked,
      jobs: found.map(({ stage: _, ...facts }) => facts),
      openStages: open.map((job) => job.stage.id),
      loaded: open.filter((job) => !known.has(job.stage.id)).map((job) => this.#load(job.stage)),
    };
  }

  #load(stage: Omit<LoadedStage, History>): LoadedStage {
    const chunks = new ChunkTable(this.#sizes.get(stage.id) ?? 0);
    for (let ordinal = 0; ordinal < chunks.size; ordinal += 1) {
      const row = this.row(chunkId(stage.id, ordinal));
      chunks.set(ordinal, row.status, row.attempts);
    }
    const held: LoadedStage['held'] = [];
    for (const [lease, { chunk, outcome, worker, purpose, gang, startedAt }] of this.leases) {
      if (outcome === null && stageOfChunk(chunk) === stage.id)
        held.push({ ordinal: ordinalOfChunk(chunk), lease, worker, purpose, gang, startedAt });
    }
    const ours = [...this.leases.values()].filter((lease) => stageOfChunk(lease.chunk) === stage.id);
    return {
      ...stage,
      chunks,
      held,
      takenBack: this.#takenBack(stage.id),
      failures: ours
        .filter((lease) => lease.outcome === 'failed')
        .map(({ chunk, worker, code, peakMemoryBytes }) => ({
          chunk,
          worker,
          code: code ?? '',
          message: '',
          peakMemoryBytes,
        })),
      memorySeen: ours.reduce(
        (most, lease) => (lease.outcome === 'done' ? Math.max(most, lease.peakMemoryBytes) : most),
        0,
      ),
      succeeded: ours.filter((lease) => lease.outcome === 'done').map((lease) => lease.worker),
      busyTimes: [],
    };
  }

  #takenBack(stage: StageId): LoadedStage['takenBack'] {
    const found: LoadedStage['takenBack'] = [];
    for (const [lease, { chunk, outcome, checkpoint }] of this.leases) {
      if (outcome === 'preempted' && stageOfChunk(chunk) === stage)
        found.push({ ordinal: ordinalOfChunk(chunk), lease, checkpoint });
    }
    return found;
  }

  /** Which lease left what the chunk's next one goes on from. */
  checkpointOf(chunk: ChunkId): LeaseId | null {
    const all = [...this.leases].filter(([, row]) => row.chunk === chunk && row.checkpoint !== null);
    assert.ok(all.length < 2, `${chunk} has ${all.length} checkpoints`);
    return all[0]?.[0] ?? null;
  }

  row(chunk: ChunkId): Row {
    const row = this.chunks.get(chunk);
    assert.ok(row, `There is no chunk ${chunk}`);
    return row;
  }

  apply(writes: readonly Write[]): void {
    for (const step of inSteps(writes)) {
      if (step.type === 'starts') step.starts.forEach((write) => void this.#start(write));
      else if (step.type === 'ends') step.ends.forEach((write) => void this.#end(write));
      else if (step.type === 'grants') step.grants.forEach((write) => void this.#grant(write));
      else if (step.type === 'moves') step.moves.forEach((write) => void this.#move(write));
      else this.#single(step.write);
    }
    this.#assertHeld();
  }

  #grant({ chunk, lease, worker, purpose, gang }: Extract<Write, { type: 'grant' }>): void {
    assert.ok(!this.leases.has(lease));
    for (const id of this.#openLeases) {
      const other = this.#open(id);
      assert.ok(other.chunk !== chunk || other.worker !== worker, `${worker} holds ${chunk} twice`);
    }
    this.#openLeases.add(lease);
    const open = { startedAt: null, outcome: null, code: null, peakMemoryBytes: 0, checkpoint: null };
    this.leases.set(lease, { chunk, worker, purpose, gang, ...open });
  }

  #start({ lease, at }: Extract<Write, { type: 'start' }>): void {
    const row = this.#open(lease);
    assert.equal(row.startedAt, null);
    row.startedAt = at;
  }

  #end({ lease, outcome, startedAt, failure, said, result }: EndWrite): void {
    const peakMemoryBytes = said?.peakMemoryBytes ?? 0;
    const row = this.#open(lease);
    if (startedAt !== null) assert.equal(row.startedAt, null);
    row.startedAt ??= startedAt;
    Object.assign(row, { outcome, code: failure?.code ?? null, peakMemoryBytes });
    if (outcome === 'preempted') Object.assign(row, { checkpoint: result?.files[0] ?? null });
    this.#openLeases.delete(lease);
  }

  #open(lease: LeaseId): LeaseRow {
    const row = this.leases.get(lease);
    assert.ok(row?.outcome === null, `${lease} is not open`);
    return row;
  }

  #move({ chunk, from, ...to }: MoveWrite): void {
    const row = this.row(chunk);
    const expected = from === 'queued' ? ['queued'] : ['leased', 'running'];
    assert.ok(expected.includes(row.status), `${chunk} is ${row.status} and moves from ${from}`);
    Object.assign(row, { status: to.state, attempts: to.attempts });
    if (to.state === 'failed') row.failure = to.message;
    if (to.state !== 'done') return;
    row.finishes += 1;
    row.accepted = to.accepted;
    assert.equal(this.leases.get(to.accepted)?.outcome, 'done');
  }

  /** What is held has open leases, and nothing else has. */
  #assertHeld(): void {
    if (this.chunks.size > 1_000) return;
    const held = new Map<ChunkId, boolean>();
    for (const lease of this.#openLeases) {
      const { chunk, startedAt } = this.#open(lease);
      held.set(chunk, (held.get(chunk) ?? false) || startedAt !== null);
    }
    for (const [id, { status }] of this.chunks) {
      const begun = held.get(id);
      const wanted = begun === undefined ? null : begun ? 'running' : 'leased';
      const is = status === 'leased' || status === 'running' ? status : null;
      assert.equal(is, wanted, `${id} as its leases have it`);
    }
  }

  #single(write: Exclude<Write, { type: 'grant' | 'start' | 'end' | 'move' }>): void {
    if (write.type === 'worker') this.online.add(write.hello.worker);
    if (write.type === 'worker-status' && write.status === 'offline') this.online.delete(write.worker);
    if (write.type === 'drop-checkpoint') {
      const row = this.leases.get(write.lease);
      assert.ok(row !== undefined && row.checkpoint !== null, `${write.lease} has no checkpoint`);
      row.checkpoint = null;
    }
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
