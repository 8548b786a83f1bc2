import type {
  JobId,
  LeaseId,
  PersonId,
  StageId,
  TeamId,
  WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import { Hello } from '@parallel-pilot/shared/protocol/workers.ts';
import TinyQueue from 'tinyqueue';
import { ChunkTable } from '../../../load-balancer/src/farm/chunk-table.ts';
import type { Effect } from '../../../load-balancer/src/farm/effects.ts';
import type { FarmEvent, JobFacts, JobsRead } from '../../../load-balancer/src/farm/events.ts';
import { createFarm, type JobEnd, type Lease } from '../../../load-balancer/src/farm/farm.ts';
import { recordHeartbeat, recordProgress } from '../../../load-balancer/src/farm/record-heartbeat.ts';
import { round } from '../../../load-balancer/src/reactor/round.ts';
import { Machine } from './machine.ts';
import type { JobPlan, WorkerPlan } from './scenario.ts';

const PERSON = 'per_000000000001' as PersonId;
const TEAM = 'tea_000000000001' as TeamId;
const LENDER = { person: PERSON, team: TEAM, worksFor: 'everyone' } as const;
/** As the engine has them. */
const [GATHER_MS, TICK_MS] = [5, 500];
/** Of a round: asking the database what belongs to it, and committing it. */
const COMMIT_MS = 2;
/** A message's way between balancer and worker in a local network. */
const WAY_MS = 1;
/** Workers say how far they are at least so often. */
const REPORT_MS = 500;

/** A job under way. */
export type JobRun = {
  plan: JobPlan;
  id: JobId;
  stage: StageId;
  submittedAt: number;
  left: number;
  /** Work thrown away because another lease of the chunk won. */
  doubled: number;
  endedAt: number | null;
  /** As the farm is told it, milliseconds since 1970. */
  deadline: number | null;
  /** What was told of its end on the way. */
  told: JobEnd[];
};

/** The engine's round with all around it simulated, from event to event. */
export class Simulation {
  now = 1_000_000;
  readonly #farm = createFarm(this.now);
  readonly #agenda = new TinyQueue<{ at: number; order: number; act: () => void }>(
    [],
    (a, b) => a.at - b.at || a.order - b.order,
  );
  readonly #machines = new Map<number, Machine>();
  readonly #runs = new Map<JobId, JobRun>();
  #inbound: FarmEvent[] = [];
  #roundPlanned = false;
  #notBefore = 0;
  #order = 0;
  #count = 0;

  constructor() {
    this.#tick();
  }

  /** A worker that is there from now on. */
  join(plan: WorkerPlan): Machine {
    const session = this.#machines.size + 1;
    const machine = new Machine(this.#id('wrk') as WorkerId, session);
    this.#machines.set(session, machine);
    machine.follow(plan, this.now - plan.from);
    this.#push(helloOf(machine));
    this.#beat(machine);
    return machine;
  }

  joinLater(plan: WorkerPlan): void {
    this.#in(plan.from, () => this.join(plan));
  }

  /** Submits these jobs in their time, and goes on until they are done or so many milliseconds are over. */
  runAll(plans: readonly JobPlan[], longestMs: number, knowsDeadlines = true): JobRun[] {
    const end = this.now + longestMs;
    const runs = plans.map((plan) => this.#plan(plan, knowsDeadlines));
    while (runs.some((run) => run.endedAt === null)) {
      const next = this.#agenda.pop();
      if (next === undefined || next.at > end) break;
      this.now = next.at;
      next.act();
    }
    return runs;
  }

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${String(this.#count).padStart(12, '0')}`;
  }

  #in(ms: number, act: () => void): void {
    this.#order += 1;
    this.#agenda.push({ at: this.now + ms, order: this.#order, act });
  }

  #tick(): void {
    this.#push({ type: 'tick' });
    for (const [id, { end }] of this.#farm.jobs) {
      const told = this.#runs.get(id)?.told;
      if (end !== null && told !== undefined && told.at(-1) !== end) told.push(end);
    }
    this.#in(TICK_MS, () => this.#tick());
  }

  #beat(machine: Machine): void {
    if (!machine.lives(this.now)) return;
    const worker = recordHeartbeat(this.#farm, machine.session, this.now);
    if (worker !== undefined && machine.running !== null) {
      const { lease } = machine.running;
      const fraction = machine.fraction(this.now);
      recordProgress(this.#farm, worker, { chunks: [{ lease, fraction, detail: '' }] }, this.now);
    }
    this.#in(REPORT_MS, () => this.#beat(machine));
  }

  #plan(plan: JobPlan, knowsDeadlines: boolean): JobRun {
    const [id, stage] = [this.#id('job') as JobId, this.#id('stg') as StageId];
    const submittedAt = this.now + plan.at;
    const left = plan.chunksMs.length;
    const deadline = plan.deadline === null || !knowsDeadlines ? null : this.now + plan.deadline;
    const run: JobRun = {
      ...{ plan, id, stage, submittedAt, left, deadline },
      doubled: 0,
      endedAt: null,
      told: [],
    };
    this.#runs.set(id, run);
    this.#in(plan.at, () => this.#push(submitted(run)));
    return run;
  }

  /** What comes in while a round is at work waits for the next one. */
  #push(event: FarmEvent): void {
    this.#inbound.push(event);
    if (this.#roundPlanned) return;
    this.#roundPlanned = true;
    this.#in(Math.max(0, this.#notBefore - this.now), () => this.#round());
  }

  #round(): void {
    const sources = this.#inbound.map((event) => ({ event }));
    this.#inbound = [];
    this.#roundPlanned = false;
    this.#notBefore = this.now + GATHER_MS;
    const effects: Effect[] = [];
    round(this.#farm, sources, { now: this.now, newLease: () => this.#id('lse') as LeaseId }, effects);
    this.#in(COMMIT_MS, () => {
      for (const effect of effects) this.#perform(effect);
    });
  }

  #perform(effect: Effect): void {
    if (effect.type === 'assign') {
      effect.lease.delivered = true;
      const { session } = effect.lease.worker;
      if (session !== null) this.#tell(session, (machine) => this.#assigned(machine, effect.lease));
    }
    if (effect.type === 'reclaim') {
      const { session, lease } = effect;
      this.#tell(session, (machine) => {
        const given = machine.giveBack(lease);
        this.#say(machine, { type: 'reclaim-answered', session, lease, given });
      });
    }
    if (effect.type === 'revoke') {
      this.#tell(effect.session, (machine) => {
        for (const lease of effect.leases) this.#drop(machine, lease);
        this.#begin(machine);
      });
    }
    if (effect.type === 'chunk-changed' && effect.status === 'done') this.#finished(effect.job);
  }

  #tell(session: number, act: (machine: Machine) => void): void {
    this.#in(WAY_MS, () => {
      const machine = this.#machines.get(session);
      if (machine?.lives(this.now)) act(machine);
    });
  }

  #say(machine: Machine, event: FarmEvent): void {
    if (machine.lives(this.now)) this.#in(WAY_MS, () => this.#push(event));
  }

  #assigned(machine: Machine, { id, stage, ordinal }: Lease): void {
    const { plan } = this.#runs.get(stage.job.id) ?? {};
    const work = plan?.chunksMs[ordinal] ?? 0;
    machine.take({ lease: id, job: stage.job.id, work, openWork: plan?.openMs ?? 0 });
    this.#begin(machine);
  }

  #begin(machine: Machine): void {
    const begun = machine.begin(this.now);
    if (begun === null) return;
    this.#say(machine, { type: 'started', session: machine.session, lease: begun.lease });
    if (Number.isFinite(begun.ends)) this.#in(begun.ends - this.now, () => this.#ended(machine, begun.lease));
  }

  #ended(machine: Machine, lease: LeaseId): void {
    if (machine.running?.lease !== lease) return;
    const { since, openingMs } = machine.running;
    const busyMs = this.now - since;
    machine.running = null;
    const done = { lease, result: null, files: [], busyMs, openingMs, log: '' };
    this.#say(machine, { type: 'done', session: machine.session, reply: 0, fault: null, done });
    this.#begin(machine);
  }

  #drop(machine: Machine, lease: LeaseId): void {
    const job = machine.running?.job as JobId | undefined;
    const spent = machine.drop(lease, this.now);
    const run = job === undefined ? undefined : this.#runs.get(job);
    if (run !== undefined) run.doubled += spent;
  }

  #finished(job: JobId): void {
    const run = this.#runs.get(job);
    if (run === undefined) return;
    run.left -= 1;
    if (run.left > 0) return;
    run.endedAt = this.now;
    // The backend puts it together.
    const jobs = [{ ...factsOf(run), status: 'assembling' as const }];
    this.#push({ type: 'jobs-read', asked: [job], jobs, openStages: [], loaded: [] });
  }
}

function helloOf({ id, session }: Machine): FarmEvent {
  const { identity: _, ...hello } = Hello.parse({
    worker: id,
    identity: `identity of ${id}`,
    instance: `run of ${id}`,
    name: id,
    slots: 1,
    capabilities: {},
    offer: { threads: 1, memoryBytes: 1e9, diskBytes: 1e9, gpus: [], counts: {} },
    machine: { os: 'Linux', cpus: 4, memoryBytes: 1 },
    blobs: [],
    leases: [],
  });
  const identityHash = `hash of ${id}`;
  const pass = { type: 'farm', lender: LENDER } as const;
  return { type: 'hello', session, reply: 0, address: '', hello, identityHash, known: null, pass };
}

function factsOf({ id, plan, submittedAt, deadline }: JobRun): JobFacts {
  const facts = { id, team: TEAM, person: PERSON, kind: 'blender', status: 'queued' } as const;
  return { ...facts, priority: plan.priority, createdAt: submittedAt, deadline };
}

function submitted(run: JobRun): JobsRead {
  const { id, stage, plan } = run;
  const chunks = new ChunkTable(plan.chunksMs.length);
  for (let ordinal = 0; ordinal < chunks.size; ordinal += 1) chunks.set(ordinal, 'queued', 0);
  return {
    type: 'jobs-read',
    asked: [id],
    jobs: [factsOf(run)],
    openStages: [stage],
    loaded: [
      {
        id: stage,
        job: id,
        name: 'render',
        plannedAt: 0,
        spec: {},
        inputs: [],
        requirements: [],
        asked: {},
        memorySeen: 0,
        affinity: `scene ${id}`,
        span: { from: 0, to: 1 },
        chunks,
        held: [],
        takenBack: [],
        failures: [],
        succeeded: [],
        busyTimes: [],
      },
    ],
  };
}
