import assert from 'node:assert/strict';
import type {
  BlobHash,
  JobId,
  LeaseId,
  PersonId,
  StageId,
  TeamId,
  WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import { ordinalOfChunk, stageOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import { isGrantable, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import type { Capabilities, Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import {
  type Asked,
  add,
  fits,
  NOTHING_USED,
  type Offer,
  type Used,
  usedBy,
} from '@parallel-pilot/shared/model/resources.ts';
import type { Lender } from '@parallel-pilot/shared/model/worker.ts';
import { Hello } from '@parallel-pilot/shared/protocol/workers.ts';
import type { KnownWorker } from '@parallel-pilot/shared/server/db/workers.ts';
import { grantChunk } from '../../src/farm/change-chunk.ts';
import type { Effect } from '../../src/farm/effects.ts';
import type { FarmEvent } from '../../src/farm/events.ts';
import {
  chunkOf,
  createFarm,
  type Farm,
  isPresent,
  type Lease,
  type Stage,
  type Worker,
} from '../../src/farm/farm.ts';
import { recordHeartbeat, recordProgress } from '../../src/farm/record-heartbeat.ts';
import { hasIdleSlot, hasRoomFor, occupancyOf } from '../../src/farm/resources.ts';
import { expectBack } from '../../src/reactor/enter-stage.ts';
import { round } from '../../src/reactor/round.ts';
import { createBoard } from '../../src/scheduling/choose-stage.ts';
import { mayRun, mayTake } from '../../src/scheduling/eligibility.ts';
import { Mirror } from './mirror.ts';

const PERSON = 'per_000000000001' as PersonId;
const CHECKPOINT_FILE = {
  name: 'checkpoint',
  hash: 'c'.repeat(64) as BlobHash,
  size: 1,
  mediaType: 'application/octet-stream',
};
const TEAM = 'tea_000000000001' as TeamId;

/** One machine: it runs chunks on its slots, and may fail, fall silent, die and come back. */
export type Machine = {
  id: WorkerId;
  lender: Lender;
  slots: number;
  offer: Offer;
  speed: number;
  /** It says how far its chunks are. */
  tells: boolean;
  capabilities: Capabilities;
  /** Part of its chunks that fail, 0 to 1. */
  failing: number;
  /** Ordinals that always fail on it. */
  breaksOn: number[];
  /** Its chunks are ended so; null where they have what they need. */
  needs: { code: 'out-of-memory'; message: string; peakMemoryBytes: number } | null;
  /** What they are seen to use. */
  peakMemoryBytes: number;
  /** How its chunks fail. */
  failure: 'blender/died' | 'training/script-error';
  session: number | null;
  queue: { lease: LeaseId; work: number; asked: Asked; since: number }[];
  /** `until`: it was told to end it by then. */
  running: Map<LeaseId, { began: number; ends: number; used: Used; until?: number }>;
  /** Members of a gang but its first: they end with that one. */
  following: Set<LeaseId>;
  /** Results it could not hand in. */
  outbox: { lease: LeaseId; busyMs: number; taken: boolean }[];
};

/** Said here once more, and not as the scheduler has it: for whom a machine works. */
function maySee(
  { lender, capabilities: { sandbox } }: Machine,
  job: { person: PersonId; team: TeamId },
): boolean {
  const boxed = typeof sandbox === 'string' && sandbox !== 'none';
  if (lender.person === job.person && (lender.team === job.team || !boxed || lender.worksFor === 'owner'))
    return true;
  if (!boxed || lender.worksFor === 'owner') return false;
  return lender.worksFor === 'everyone' || lender.team === job.team;
}

/** As a worker asks before it begins a chunk. */
function hasRoom(machine: Machine, asked: Asked): boolean {
  const used = [...machine.running.values()].reduce((sum, it) => add(sum, it.used), NOTHING_USED);
  return machine.running.size === 0 || fits(machine.offer, used, usedBy(asked, machine));
}

/**
 * The reactor and the scheduler with everything around them simulated: clock,
 * machines, sockets, and a database that checks each write. Its round is the
 * engine's.
 */
export class SimulatedFarm {
  /** As far from zero as real ones are, for the rounding in it. */
  now = Date.UTC(2026, 0);
  farm: Farm;
  readonly mirror = new Mirror();
  readonly machines = new Map<WorkerId, Machine>();
  readonly grants: { at: number; job: JobId; worker: WorkerId; priority: number }[] = [];
  readonly #random: () => number;
  #count = 0;
  #sessions = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.farm = createFarm(this.now);
  }

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${String(this.#count).padStart(12, '0')}`;
  }

  addJob(plan: {
    chunks: number;
    priority?: number;
    deadline?: number | null;
    status?: JobStatus;
    requirements?: Requirement[];
    asked?: Asked;
    person?: PersonId;
    team?: TeamId;
    /** All of its chunks are one gang, that begins with so many at least. */
    gangMin?: number | null;
    pins?: readonly WorkerId[];
  }): JobId {
    const job = this.#id('job') as JobId;
    const stage = this.#id('stg') as StageId;
    const facts = {
      id: job,
      person: plan.person ?? PERSON,
      team: plan.team ?? TEAM,
      kind: 'blender',
      status: plan.status ?? ('queued' as JobStatus),
      priority: plan.priority ?? 0,
      createdAt: this.now,
      deadline: plan.deadline ?? null,
    };
    const { requirements = [], asked = {}, gangMin = null, pins = null } = plan;
    const wants = { requirements, asked, gangMin, pins, affinity: `scene ${job}` };
    this.mirror.plant(facts, { id: stage, size: plan.chunks, ...wants });
    this.hint([job]);
    return job;
  }

  setJob(job: JobId, change: { status?: JobStatus; priority?: number; deadline?: number | null }): void {
    const row = this.mirror.jobs.get(job);
    if (row) Object.assign(row, change);
    this.hint([job]);
  }

  hint(jobs: JobId[]): void {
    this.round([this.mirror.read(jobs, new Set(this.farm.stages.keys()))]);
  }

  addMachine(machine: Partial<Machine> = {}): Machine {
    const made: Machine = {
      id: this.#id('wrk') as WorkerId,
      slots: 1,
      offer: { threads: 4, memoryBytes: 1e9, diskBytes: 1e9, gpus: [], counts: {} },
      speed: 1,
      tells: false,
      lender: { person: PERSON, team: TEAM, worksFor: 'everyone' },
      capabilities: {},
      failing: 0,
      breaksOn: [],
      needs: null,
      peakMemoryBytes: 0,
      failure: 'blender/died',
      session: null,
      queue: [],
      running: new Map(),
      following: new Set(),
      outbox: [],
      ...machine,
    };
    this.machines.set(made.id, made);
    this.connect(made);
    return made;
  }

  connect(machine: Machine): void {
    this.#sessions += 1;
    machine.session = this.#sessions;
    const leases = [
      ...machine.queue.map(({ lease }) => ({ lease, started: false })),
      ...[...machine.running.keys(), ...machine.outbox.map((it) => it.lease)].map((lease) => ({
        lease,
        started: true,
      })),
    ];
    const { identity: _, ...hello } = Hello.parse({
      worker: machine.id,
      identity: `identity of ${machine.id}`,
      instance: `run of ${machine.id}`,
      name: machine.id,
      slots: machine.slots,
      offer: machine.offer,
      capabilities: machine.capabilities,
      machine: { os: 'Linux', cpus: 4, memoryBytes: 1 },
      blobs: [],
      leases,
    });
    const identityHash = `hash of ${machine.id}`;
    this.round([
      {
        type: 'hello',
        session: this.#sessions,
        reply: 0,
        address: '',
        hello,
        identityHash,
        known: null,
        pass: { type: 'farm', lender: machine.lender },
      },
    ]);
    for (const it of machine.outbox.splice(0)) this.#report(machine, it);
  }

  maySee(machine: Machine, job: { person: PersonId; team: TeamId }): boolean {
    return maySee(machine, job);
  }

  /** What people have changed on the site reaches the balancer. */
  change(
    machine: Machine,
    to: {
      worksFor?: Lender['worksFor'];
      disabled?: boolean;
      standing?: KnownWorker['standing'];
      lending?: Lending;
    },
  ): void {
    const { worksFor = machine.lender.worksFor, disabled = false, standing = 'good', lending } = to;
    machine.lender = { ...machine.lender, worksFor };
    const known: KnownWorker = {
      id: machine.id,
      identity_hash: `hash of ${machine.id}`,
      person_id: machine.lender.person,
      team_id: machine.lender.team,
      works_for: worksFor,
      disabled_at: disabled ? 1 : null,
      join_token_id: null,
      credential_hash: 'hash',
      lending_json: lending === undefined ? null : JSON.stringify(lending),
      tags_json: null,
      pools_json: null,
      said_tags_json: null,
      said_pools_json: null,
      standing,
    };
    this.round([{ type: 'workers-read', known: [known] }]);
    if (standing === 'good') return;
    machine.session = null;
    machine.queue = [];
    machine.running.clear();
  }

  /** The network breaks: the machine works on, and keeps what it finishes. */
  cut(machine: Machine): void {
    const { session } = machine;
    machine.session = null;
    if (session !== null) this.round([{ type: 'disconnected', session, clean: false }]);
  }

  /** kill -9: it forgets all it had. */
  kill(machine: Machine): void {
    machine.queue = [];
    machine.running.clear();
    machine.outbox = [];
    this.cut(machine);
  }

  leave(machine: Machine): void {
    machine.queue = [];
    machine.running.clear();
    const { session } = machine;
    machine.session = null;
    if (session !== null) this.round([{ type: 'leaving', session, reply: 0 }]);
  }

  /** kill -9 of the load balancer: only the database is left. */
  restartBalancer(): void {
    for (const machine of this.machines.values()) machine.session = null;
    this.farm = createFarm(this.now);
    for (const id of this.mirror.online) expectBack(this.farm, id, this.now);
    const live = [...this.mirror.jobs.values()].filter((job) => job.status !== 'canceled');
    this.round([
      this.mirror.read(
        live.map((job) => job.id),
        new Set(),
      ),
    ]);
  }

  /** The user wants failed and canceled chunks done after all. */
  retry(job: JobId): void {
    const row = this.mirror.jobs.get(job);
    if (row?.status === 'canceled') row.status = 'queued';
    const read = this.mirror.read([job], new Set(this.farm.stages.keys()));
    this.round([{ type: 'retry', reply: 0, job, stage: row?.stage.id ?? null, read }]);
  }

  /** Lets time pass in steps of `stepMs`. */
  pass(ms: number, stepMs = 500): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += stepMs;
      for (const machine of this.machines.values()) {
        this.#beat(machine);
        this.#work(machine);
      }
      this.round([{ type: 'tick' }]);
    }
  }

  #beat(machine: Machine): void {
    if (machine.session === null) return;
    const worker = recordHeartbeat(this.farm, machine.session, this.now);
    if (worker === undefined || !machine.tells) return;
    const chunks = [...machine.running].map(([lease, { began, ends }]) => {
      const fraction = Math.min(1, (this.now - began) / Math.max(1, ends - began));
      return { lease, fraction, detail: '' };
    });
    recordProgress(this.farm, worker, { chunks }, this.now);
  }

  round(events: FarmEvent[]): void {
    const all: Effect[] = [];
    const sources = events.map((event) => ({ event }));
    round(this.farm, sources, { now: this.now, newLease: () => this.#id('lse') as LeaseId }, all);
    for (const effect of all) {
      if (effect.type === 'assign') this.#noteGrant(effect.lease);
    }
    this.mirror.apply(all.flatMap((effect) => (effect.type === 'write' ? [effect.write] : [])));
    for (const effect of all) {
      if (effect.type !== 'assign') continue;
      const { checkpoint } = effect.lease;
      assert.equal(checkpoint?.lease ?? null, this.mirror.checkpointOf(chunkOf(effect.lease)));
    }
    this.assertNobodyIdles();
    const answers = all.flatMap((effect) => this.#perform(effect));
    if (answers.length > 0) this.round(answers);
  }

  /** A second worker is given a chunk that one holds. */
  backUp(which: number): void {
    const held = [...this.farm.leases.values()].filter(
      ({ stage, ordinal }) => stage.held.get(ordinal)?.length === 1 && stage.chunks.attempts(ordinal) < 2,
    );
    const lease = held[which % Math.max(1, held.length)];
    const worker = [...this.farm.workers.values()].find(
      (it) => it !== lease?.worker && isPresent(it) && lease !== undefined && mayRun(lease.stage, it),
    );
    if (lease === undefined || worker === undefined) return;
    const { stage, ordinal } = lease;
    const grant = { stage, ordinal, worker, lease: this.#id('lse') as LeaseId, purpose: 'backup' } as const;
    const { lease: backup, effects } = grantChunk(this.farm, grant, this.now);
    this.mirror.apply(effects.flatMap((effect) => (effect.type === 'write' ? [effect.write] : [])));
    const answers = this.#perform({ type: 'assign', lease: backup, hangLimitMs: 1 });
    if (answers.length > 0) this.round(answers);
  }

  /** A chunk that runs has left something that another lease could go on from. */
  keep(which: number): void {
    const begun = [...this.farm.leases.values()].filter(({ startedAt }) => startedAt !== null);
    const lease = begun[which % Math.max(1, begun.length)];
    if (lease !== undefined) lease.keptFraction = 0.5;
  }

  #noteGrant(lease: Lease): void {
    const { job } = lease.stage;
    const machine = this.machines.get(lease.worker.id);
    assert.ok(
      machine !== undefined && this.maySee(machine, job),
      `${lease.worker.id} got ${job.id}, which it may not see`,
    );
    this.grants.push({ at: this.now, job: job.id, worker: lease.worker.id, priority: job.priority });
    for (const stage of this.farm.stages.values()) {
      if (stage.job.share !== job.share || stage.job.priority <= job.priority) continue;
      if (!isGrantable(stage.job.status) || !mayTake(this.farm, stage, lease.worker, false)) continue;
      assert.ok(
        this.#isSoonerElsewhere(stage, lease.worker),
        `${lease.worker.id} got a chunk of priority ${job.priority} while ${stage.job.priority} waited`,
      );
    }
  }

  /** Whoever has an idle slot finds nothing that waits for it, but for what a better one is expected to do sooner. */
  assertNobodyIdles(): void {
    for (const worker of this.farm.workers.values()) {
      if (!isPresent(worker) || worker.pausedUntil > this.now || !hasIdleSlot(worker, this.now)) continue;
      for (const left of this.farm.stages.values()) {
        if (!isGrantable(left.job.status) || !mayTake(this.farm, left, worker, false)) continue;
        // Room is kept there for a chunk of another team.
        if (occupancyOf(worker).ahead.some(({ stage }) => stage.job.share !== left.job.share)) continue;
        assert.ok(
          this.#isSoonerElsewhere(left, worker),
          `${worker.id} idles while ${left.id} waits, and nobody does it sooner`,
        );
      }
    }
  }

  /** Whether other workers are expected to be done sooner with each chunk that waits. */
  #isSoonerElsewhere(stage: Stage, than: Worker): boolean {
    const { finishTimes } = createBoard(this.farm, this.now);
    const others = [...this.farm.workers.values()].filter(
      (other) => other !== than && isPresent(other) && mayRun(stage, other) && hasRoomFor(stage, other, true),
    );
    const sections = Array.from({ length: stage.chunks.sections }, (_, section) => section);
    return sections
      .filter((section) => stage.chunks.waitingIn(section) > 0)
      .every((section) => {
        const here = finishTimes.finish(stage, than, section);
        return others.some((other) => finishTimes.finish(stage, other, section) < here);
      });
  }

  #perform(effect: Effect): FarmEvent[] {
    if (effect.type === 'assign') {
      const { lease } = effect;
      lease.delivered = true;
      const machine = this.machines.get(lease.worker.id);
      const { id, asked } = lease;
      const [first] = [...lease.stage.held.keys()].sort((a, b) => a - b);
      if (lease.gang !== null && lease.ordinal !== first) machine?.following.add(id);
      machine?.queue.push({ lease: id, work: 500 + this.#random() * 60_000, asked, since: this.now });
      return machine === undefined ? [] : this.#begin(machine);
    }
    if (effect.type === 'welcome') this.#dropAll(effect.session, effect.drop);
    if (effect.type === 'revoke') this.#dropAll(effect.session, effect.leases);
    if (effect.type === 'preempt') {
      const running = this.#bySession(effect.session)?.running.get(effect.lease);
      if (running !== undefined) running.until = this.now + effect.noticeMs;
    }
    if (effect.type !== 'reclaim') return [];
    const machine = this.#bySession(effect.session);
    const at = machine?.queue.findIndex(({ lease }) => lease === effect.lease) ?? -1;
    if (at >= 0) machine?.queue.splice(at, 1);
    return [{ type: 'reclaim-answered', session: effect.session, lease: effect.lease, given: at >= 0 }];
  }

  #bySession(session: number): Machine | undefined {
    return [...this.machines.values()].find((machine) => machine.session === session);
  }

  #dropAll(session: number, leases: LeaseId[]): void {
    const machine = this.#bySession(session);
    if (machine === undefined) return;
    machine.queue = machine.queue.filter(({ lease }) => !leases.includes(lease));
    machine.outbox = machine.outbox.filter(({ lease }) => !leases.includes(lease));
    for (const lease of leases) machine.running.delete(lease);
  }

  /** By what the jobs were planned with, whatever the balancer and the machine make of it. */
  #assertFits(machine: Machine): void {
    if (machine.running.size < 2) return;
    let used = NOTHING_USED;
    for (const lease of machine.running.keys()) {
      const row = this.mirror.leases.get(lease);
      const stage = row === undefined ? undefined : stageOfChunk(row.chunk);
      const job = [...this.mirror.jobs.values()].find((it) => it.stage.id === stage);
      const more = usedBy(job?.stage.asked ?? {}, machine);
      assert.ok(fits(machine.offer, used, more), `${machine.id} runs more than it has room for`);
      used = add(used, more);
    }
  }

  #begin(machine: Machine): FarmEvent[] {
    const events: FarmEvent[] = [];
    while (machine.running.size < machine.slots) {
      const stuck = machine.queue.findIndex(
        ({ asked, since }) => !hasRoom(machine, asked) && this.now - since >= 30_000,
      );
      const queue = stuck < 0 ? machine.queue : machine.queue.slice(0, stuck);
      const at = queue.findIndex(({ asked }) => hasRoom(machine, asked));
      const [next] = at < 0 ? [] : machine.queue.splice(at, 1);
      if (next === undefined) break;
      const used = usedBy(next.asked, machine);
      machine.running.set(next.lease, { began: this.now, ends: this.now + next.work / machine.speed, used });
      this.#assertFits(machine);
      if (machine.session !== null)
        events.push({ type: 'started', session: machine.session, lease: next.lease });
    }
    return events;
  }

  #work(machine: Machine): void {
    for (const [lease, { began, ends: planned, until: told }] of [...machine.running]) {
      const ends = machine.following.has(lease) ? Number.POSITIVE_INFINITY : planned;
      const until = told ?? ends;
      const over = Math.min(ends, until);
      if (over > this.now || !machine.running.delete(lease)) continue;
      const it = { lease, busyMs: over - began, taken: until < ends };
      if (machine.session === null) machine.outbox.push(it);
      else this.#report(machine, it);
    }
    const events = this.#begin(machine);
    if (events.length > 0) this.round(events);
  }

  #report(machine: Machine, { lease, busyMs, taken }: Machine['outbox'][number]): void {
    const { session } = machine;
    if (session === null) return;
    if (taken) {
      const checkpoint = this.#random() < 0.5 ? null : { ...CHECKPOINT_FILE, receipt: '' };
      const preempted = { lease, checkpoint, busyMs, log: '' };
      this.round([{ type: 'preempted', session, reply: 0, fault: null, preempted }]);
      return;
    }
    const chunk = this.mirror.leases.get(lease)?.chunk;
    const breaks = chunk !== undefined && machine.breaksOn.includes(ordinalOfChunk(chunk));
    if (breaks || this.#random() < machine.failing) {
      const failed = { lease, code: machine.failure, message: 'It died.', busyMs, log: '' };
      this.round([{ type: 'failed', session, reply: 0, failed }]);
      return;
    }
    if (machine.needs !== null) {
      const failed = { lease, ...machine.needs, busyMs, log: '' };
      this.round([{ type: 'failed', session, reply: 0, failed }]);
      return;
    }
    const { peakMemoryBytes } = machine;
    const done = { lease, result: null, files: [], busyMs, peakMemoryBytes, log: '' };
    // Said twice, as after a lost acknowledgement.
    for (let times = this.#random() < 0.1 ? 2 : 1; times > 0; times -= 1) {
      this.round([{ type: 'done', session, reply: 0, fault: null, done }]);
    }
    this.#closeGang(lease);
  }

  /** The backend closes the stage of a gang with its first member's result. */
  #closeGang(id: LeaseId): void {
    const lease = this.mirror.leases.get(id);
    if (lease?.outcome !== 'done' || lease.gang === null) return;
    const stage = stageOfChunk(lease.chunk);
    for (const [job, row] of this.mirror.jobs) {
      if (row.stage.id !== stage) continue;
      this.mirror.closed.add(stage);
      this.hint([job]);
    }
  }
}
