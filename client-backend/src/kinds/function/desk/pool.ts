import type { CallProblem } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { JobId, LeaseId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { type CallEnd, callFailed } from '@parallel-pilot/shared/protocol/calls.ts';
import type { BalancerLink } from '../../../parts.ts';
import type { CallFiles } from './call-files.ts';
import { type CallResult, neverBegun, resultOf, wasBegun } from './call-result.ts';
import { idleInstances } from './scale.ts';
import { type Waiting, WaitingCalls, type Work } from './waiting-calls.ts';

export type Instance = {
  lease: LeaseId;
  worker: WorkerId;
  room: number;
  /** Calls that this backend has given to it and that are not over. */
  busy: number;
  usedAt: number;
  /** It turned one away: it gets none before. */
  pausedUntil: number;
  retiring: boolean;
};

export type PoolParts = {
  link: Pick<BalancerLink, 'call' | 'retire'>;
  files: Pick<CallFiles, 'open' | 'taken' | 'mostBytes'>;
  now(): number;
};

const [SHORTEST_REST_MS, LONGEST_REST_MS] = [5_000, 5 * 60_000];

/** The instances of one version of a function that can be called, and the calls that wait for one. */
export class Pool {
  readonly spec: FunctionSpec;
  /** The job that keeps its instances, as far as is known. */
  job: JobId | null;
  /** It is not the active version any more: its instances end. */
  leaving = false;
  /** It takes the calls until the packages of the active version are there, and makes room for their installation. */
  outgoing = false;
  /** Its packages or its image are not there yet, and another takes its calls: whoever watches that begins its job. */
  incoming = false;
  readonly #parts: PoolParts;
  readonly #instances = new Map<LeaseId, Instance>();
  readonly #waiting = new WaitingCalls();
  #trouble: { code: CallProblem; message: string; until: number } | null = null;
  /** How often in a row its instances have failed before one could be called. */
  #failures = 0;
  /** Called when calls wait and nothing can take them. */
  onNeed: () => void = () => {};

  constructor(spec: FunctionSpec, job: JobId | null, parts: PoolParts) {
    this.spec = spec;
    this.job = job;
    this.#parts = parts;
  }

  get instances(): readonly Instance[] {
    return [...this.#instances.values()].filter(({ retiring }) => !retiring);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get busy(): number {
    return this.#instances.values().reduce((sum, { busy }) => sum + busy, 0);
  }

  /** How long the first of those that wait has done so, milliseconds. */
  get oldestMs(): number {
    return this.#parts.now() - this.#waiting.oldest;
  }

  /** Never rejects. It waits `patienceMs` at the most for an instance. */
  run(work: Work, patienceMs: number): Promise<CallResult> {
    const now = this.#parts.now();
    if (this.#trouble !== null && this.rests) return Promise.resolve(neverBegun(this.#trouble));
    this.#trouble = null;
    const free = this.waiting === 0 && this.#pick() !== null;
    if (!free && this.waiting >= this.spec.settings.queue) return Promise.resolve(neverBegun(this.#full()));
    return new Promise((settle) => {
      this.#waiting.add({ work, since: now, patienceMs, settle });
      this.#pump();
      if (this.waiting > 0) this.onNeed();
    });
  }

  /** What the balancer says can be called. */
  know(listed: readonly Pick<Instance, 'lease' | 'worker' | 'room'>[]): void {
    const leases = new Set(listed.map(({ lease }) => lease));
    for (const lease of this.#instances.keys()) if (!leases.has(lease)) this.#instances.delete(lease);
    for (const one of listed) {
      const known = this.#instances.get(one.lease);
      if (known !== undefined) known.pausedUntil = 0;
      else {
        const fresh = { busy: 0, usedAt: this.#parts.now(), pausedUntil: 0, retiring: false };
        this.#instances.set(one.lease, { ...one, ...fresh });
        this.#failures = 0;
        this.#trouble = null;
      }
    }
    this.#pump();
  }

  /** Gives up those that have waited too long, ends what nobody has called for long, and tries again what was paused. */
  tick(why: string): void {
    const now = this.#parts.now();
    const isLate = ({ since, patienceMs }: Waiting): boolean => now - since >= patienceMs;
    this.#waiting.giveUp(isLate, { code: 'no-instance', message: why });
    this.#pump();
    for (const instance of idleInstances(this.instances, this.spec.settings, {
      now,
      leaving: this.leaving,
    })) {
      if (this.waiting > 0) break;
      this.retire(instance);
    }
  }

  /** Those that nobody has called for a moment, and that are more than the least: they may make room for other work. */
  spare(): Instance[] {
    const min = this.outgoing ? 0 : this.spec.settings.min;
    return this.waiting > 0
      ? []
      : idleInstances(
          this.instances,
          { min, idleSeconds: SPARE_S },
          { now: this.#parts.now(), leaving: false },
        );
  }

  retire(instance: Instance): void {
    instance.retiring = true;
    this.#parts.link.retire(instance.lease);
  }

  /** No instance will come: all that wait end with that, and those that come within `forMs`. */
  giveUp(code: CallProblem, message: string, forMs: number): void {
    this.#trouble = { code, message, until: this.#parts.now() + forMs };
    this.#waiting.giveUp(() => true, { code, message });
  }

  /** No instance can begin: each time in a row it is the longer until the next is tried, as each costs a job. */
  fail(code: CallProblem, message: string): void {
    this.giveUp(code, message, Math.min(LONGEST_REST_MS, SHORTEST_REST_MS * 2 ** this.#failures));
    this.#failures += 1;
  }

  /** It was given up a short while ago. */
  get rests(): boolean {
    return this.#trouble !== null && this.#parts.now() < this.#trouble.until;
  }

  #pump(): void {
    while (this.waiting > 0) {
      const instance = this.#pick();
      if (instance === null) return;
      const next = this.#waiting.next();
      if (next === undefined) return;
      void this.#give(instance, next);
    }
  }

  /** The one with the fewest calls, of those that have room. */
  #pick(): Instance | null {
    const now = this.#parts.now();
    let best: Instance | null = null;
    for (const one of this.#instances.values()) {
      if (one.retiring || one.pausedUntil > now || one.busy >= one.room) continue;
      if (best === null || one.busy < best.busy) best = one;
    }
    return best;
  }

  async #give(instance: Instance, waiting: Waiting): Promise<void> {
    instance.busy += 1;
    const end = await this.#call(instance, waiting.work);
    instance.busy -= 1;
    instance.usedAt = this.#parts.now();
    if (wasBegun(end))
      waiting.settle(resultOf(end, instance.worker, (file) => this.#parts.files.taken(instance.lease, file)));
    else {
      instance.pausedUntil = this.#parts.now() + (!end.ok && end.code === 'busy' ? BUSY_MS : GONE_MS);
      this.#waiting.putBack(waiting);
      this.onNeed();
    }
    this.#pump();
  }

  async #call({ lease }: Instance, { call, event, attempt, key }: Work): Promise<CallEnd> {
    const { name, version, settings } = this.spec;
    const { link, files } = this.#parts;
    if (typeof event !== 'string') {
      const opened = await files.open(event, lease).catch(() => null);
      if (opened === null) return callFailed('no-instance', 'The database is away.');
      if (!opened) return callFailed('event-lost', 'The event is not on the farm any more.');
    }
    return link.call({
      lease,
      call,
      event: typeof event === 'string' ? event : { hash: event.hash, size: event.size },
      mostAnswerBytes: files.mostBytes,
      context: { function: name, version, attempt, idempotencyKey: key },
      timeoutMs: Math.round(1_000 * settings.timeoutSeconds),
    });
  }

  #full() {
    const { name, settings } = this.spec;
    const message = `${settings.queue} calls of ${name} wait for an instance already, which are the most that may. Call again in a moment, or deploy it with more instances (--max).`;
    return { code: 'queue-full', message } as const;
  }
}

/** Seconds. */
const SPARE_S = 1;
/** Another backend has calls in it too. */
const BUSY_MS = 20;
/** The balancer says so when it can be called again. */
const GONE_MS = 2_000;
