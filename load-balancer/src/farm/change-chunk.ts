import {
  type ChunkEvent,
  type ChunkState,
  type ChunkTransition,
  chunkTransition,
  type EndedBy,
} from '@parallel-pilot/shared/model/chunk.ts';
import type { LeaseId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { chunkId } from '@parallel-pilot/shared/model/ids.ts';
import type { LeasePurpose } from '@parallel-pilot/shared/model/lease.ts';
import type { Estimate } from '../prediction/estimate.ts';
import { dropCheckpoint, noteTakenBack } from './checkpoints.ts';
import { workDone } from './chunk-times.ts';
import { append, type Effect, type MoveWrite } from './effects.ts';
import { beganAt, type Ending, endWrite, failureIn, remember } from './end-lease.ts';
import { chunkOf, type Farm, type Job, type Lease, type Stage, type Worker } from './farm.ts';
import { countHeld } from './held-chunks.ts';
import { JobFault } from './job-fault.ts';
import { countAsBegun } from './portion.ts';
import { askedOf, isAhead, occupy, recount, usedFor } from './resources.ts';

/** Gives a chunk to a worker under a new lease: one that waits, or for another purpose one that others hold. */
export function grantChunk(
  farm: Farm,
  grant: {
    stage: Stage;
    ordinal: number;
    worker: Worker;
    lease: LeaseId;
    purpose: LeasePurpose;
    gang?: number | null;
  },
  now: number,
): { lease: Lease; effects: Effect[] } {
  const { stage, ordinal, worker, lease: id, purpose, gang = null } = grant;
  const before = stateOf(stage, ordinal);
  const event = { type: 'grant', lease: id, worker: worker.id, purpose } as const;
  const { state } = advance(stage, ordinal, before, event);
  const lease = addLease(farm, {
    id,
    stage,
    ordinal,
    worker,
    purpose,
    gang,
    grantedAt: now,
    startedAt: null,
  });
  const chunk = chunkOf(lease);
  const { id: job } = stage.job;
  return {
    lease,
    effects: [
      {
        type: 'write',
        write: { type: 'grant', chunk, lease: id, job, worker: worker.id, purpose, gang, at: now },
      },
      ...move(stage, ordinal, before, state, now),
    ],
  };
}

/** Enters a lease among the open ones. */
export function addLease(
  farm: Farm,
  facts: Pick<Lease, 'id' | 'stage' | 'ordinal' | 'worker' | 'purpose' | 'gang' | 'grantedAt' | 'startedAt'>,
): Lease {
  const asked = askedOf(facts.stage, facts.ordinal, facts.worker);
  const lease: Lease = {
    ...facts,
    asked,
    uses: usedFor(asked, facts.stage, facts.worker),
    countsAsBegun: false,
    delivered: false,
    reclaimedAt: null,
    preempting: null,
    checkpoint: facts.stage.takenBack.get(facts.ordinal)?.checkpoint ?? null,
    keptFraction: 0,
    kept: false,
    fraction: 0,
    detail: '',
  };
  const { stage, ordinal } = lease;
  farm.leases.set(lease.id, lease);
  lease.worker.leases.add(lease);
  occupy(lease);
  stage.held.set(ordinal, [...(stage.held.get(ordinal) ?? []), lease]);
  countHeld(farm, lease, 1);
  if (!isAhead(lease)) countAsBegun(farm, lease);
  return lease;
}

export function startLease(farm: Farm, lease: Lease, now: number): Effect[] {
  if (lease.startedAt !== null) return [];
  const { stage, ordinal } = lease;
  const before = stateOf(stage, ordinal);
  const { state } = advance(stage, ordinal, before, { type: 'start', lease: lease.id, at: now });
  lease.startedAt = now;
  countAsBegun(farm, lease);
  recount(lease.worker);
  return [
    { type: 'write', write: { type: 'start', chunk: chunkOf(lease), lease: lease.id, at: now } },
    ...move(stage, ordinal, before, state, now),
    { type: 'worker-changed', worker: lease.worker.id },
  ];
}

/** Ends a lease, and moves its chunk on. Where its result is taken, the other leases of the chunk end too. */
export function endLease(
  farm: Farm,
  lease: Lease,
  ending: Extract<Ending, { outcome: EndedBy }>,
  now: number,
): Effect[] {
  const { stage, ordinal, worker } = lease;
  const before = stateOf(stage, ordinal);
  const event = {
    type: 'end',
    lease: lease.id,
    outcome: ending.outcome,
    failure: failureIn(lease, ending),
  } as const;
  const { state, ended } = advance(stage, ordinal, before, event);
  const effects = close(farm, lease, ending, now);
  if (stage.gang !== null && ending.outcome === 'failed' && state.status === 'failed')
    stage.gang.failure = { code: ending.code, message: ending.message };
  if (ending.outcome === 'done') {
    const work = workDone(lease, ending);
    for (const other of openOf(farm, ended))
      append(effects, closeAndTell(farm, other, { outcome: 'superseded', work }, now));
  }
  append(effects, checkpointAfter(lease, ending));
  const made = { by: worker.id, startedAt: beganAt(lease, ending, now) ?? now };
  return [...effects, ...move(stage, ordinal, before, state, now, made)];
}

/** Ends a lease of which another one of its chunk is ahead, and tells its worker. */
export function endOvertaken(farm: Farm, lease: Lease, work: Estimate, now: number): Effect[] {
  return [...endLease(farm, lease, { outcome: 'superseded', work }, now), ...revoke(lease)];
}

/** What becomes of what the chunk's leases left for the next one. */
function checkpointAfter(lease: Lease, ending: Ending): Effect[] {
  const { stage, ordinal, id } = lease;
  if (ending.outcome === 'preempted')
    return noteTakenBack(stage, ordinal, { lease: id, file: ending.checkpoint });
  // It may be that it failed of what it went on from.
  const isUnwanted = ending.outcome === 'done' || (ending.outcome === 'failed' && lease.checkpoint !== null);
  return isUnwanted ? dropCheckpoint(stage, ordinal) : [];
}

/** Nobody wants what is held of a stage any more. */
export function cancelHeld(farm: Farm, stage: Stage, now: number): Effect[] {
  const effects: Effect[] = [];
  for (const ordinal of [...stage.held.keys()]) {
    const before = stateOf(stage, ordinal);
    const { state, ended } = advance(stage, ordinal, before, { type: 'cancel' });
    for (const lease of openOf(farm, ended))
      append(effects, closeAndTell(farm, lease, { outcome: 'canceled' }, now));
    append(effects, move(stage, ordinal, before, state, now));
  }
  return effects;
}

/** Takes a lease out of mind without a word to the database. */
export function dropLease(farm: Farm, lease: Lease): void {
  const { stage, ordinal } = lease;
  farm.leases.delete(lease.id);
  lease.worker.leases.delete(lease);
  recount(lease.worker);
  const others = (stage.held.get(ordinal) ?? []).filter((it) => it !== lease);
  if (others.length === 0) stage.held.delete(ordinal);
  else stage.held.set(ordinal, others);
  countHeld(farm, lease, -1);
}

export function chunkChanged(stage: Stage, ordinal: number, worker: WorkerId | null): Effect {
  return {
    type: 'chunk-changed',
    job: stage.job.id,
    stage: stage.id,
    ordinal,
    status: stage.chunks.status(ordinal),
    worker,
    settled: stage.chunks.settled,
  };
}

/** A chunk that is not done, as the model knows it. What the table leaves out, no transition looks at. */
export function stateOf(stage: Stage, ordinal: number): ChunkState {
  const attempts = stage.chunks.attempts(ordinal);
  const status = stage.chunks.status(ordinal);
  switch (status) {
    case 'queued':
    case 'canceled':
      return { status, attempts };
    case 'leased':
    case 'running': {
      const held = stage.held.get(ordinal) ?? [];
      const leases = held.map(({ id, worker, purpose, startedAt }) => ({
        id,
        worker: worker.id,
        purpose,
        startedAt,
      }));
      return { status, attempts, leases };
    }
    case 'failed':
      return { status, attempts, code: 'unexpected', message: '' };
    case 'done':
      throw new JobFault(
        stage.job.id,
        `Chunk ${stage.id}.${ordinal} is done and was taken for one that is not`,
      );
    default:
      return status satisfies never;
  }
}

/** The chunk's next state, and which other leases end with it. Throws JobFault when the model refuses the event. */
export function advance(
  stage: Pick<Stage, 'id'> & { job: Pick<Job, 'id'> },
  ordinal: number,
  state: ChunkState,
  event: ChunkEvent,
): Extract<ChunkTransition, { ok: true }> {
  const result = chunkTransition(state, event);
  if (result.ok) return result;
  const chunk = `${stage.id}.${ordinal} (${state.status})`;
  throw new JobFault(stage.job.id, `Chunk ${chunk} refused ${event.type}: ${result.code}`);
}

function close(farm: Farm, lease: Lease, ending: Ending, now: number): Effect[] {
  remember(farm, lease, ending, now);
  dropLease(farm, lease);
  return [
    { type: 'write', write: endWrite(lease, ending, now) },
    { type: 'worker-changed', worker: lease.worker.id },
  ];
}

const closeAndTell = (farm: Farm, lease: Lease, ending: Ending, now: number): Effect[] => [
  ...close(farm, lease, ending, now),
  ...revoke(lease),
];

const revoke = ({ id, worker: { session } }: Lease): Effect[] =>
  session === null ? [] : [{ type: 'revoke', session, leases: [id] }];

const openOf = (farm: Farm, ended: Extract<ChunkTransition, { ok: true }>['ended']): Lease[] =>
  ended.flatMap(({ lease }) => farm.leases.get(lease) ?? []);

type Made = { by: WorkerId; startedAt: number };

/** `made`: whose result made it done, and when that had begun. */
function move(
  stage: Stage,
  ordinal: number,
  before: ChunkState,
  after: ChunkState,
  at: number,
  made: Made | null = null,
): Effect[] {
  stage.chunks.set(ordinal, after.status, after.attempts);
  const holder = stage.held.get(ordinal)?.[0]?.worker.id ?? null;
  const changed = chunkChanged(stage, ordinal, after.status === 'done' ? (made?.by ?? null) : holder);
  if (before.status === after.status && before.attempts === after.attempts) return [changed];
  const from = before.status === 'queued' ? 'queued' : 'held';
  return [{ type: 'write', write: moveWrite(chunkId(stage.id, ordinal), from, after, at, made) }, changed];
}

function moveWrite(
  chunk: MoveWrite['chunk'],
  from: MoveWrite['from'],
  state: ChunkState,
  at: number,
  made: Made | null,
): MoveWrite {
  const common = { type: 'move', chunk, from, attempts: state.attempts, at } as const;
  switch (state.status) {
    case 'done':
      return { ...common, state: 'done', accepted: state.accepted, startedAt: made?.startedAt ?? at };
    case 'failed':
      return { ...common, state: 'failed', code: state.code, message: state.message };
    default:
      return { ...common, state: state.status };
  }
}

/** A chunk that counts as held under no lease waits again. */
export function requeueUnheld(stage: Stage, ordinal: number, at: number): Effect[] {
  const before = stateOf(stage, ordinal);
  return move(stage, ordinal, before, { status: 'queued', attempts: before.attempts }, at);
}

/** A lease of a chunk that is not held. */
export const endStray = (farm: Farm, lease: Lease, now: number): Effect[] =>
  close(farm, lease, { outcome: 'canceled' }, now);
