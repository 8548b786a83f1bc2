import type { LeaseId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { WorkerPlan } from './scenario.ts';
import { endOf, rateAt, type Step, stepsOf, workBetween } from './speed-profile.ts';

/** A chunk as a machine holds it: its work, and what it takes to open its job first. */
export type Task = { lease: LeaseId; job: string; work: number; openWork: number };
/** `openingMs`: how long opening its job takes, which is work as well. */
type Running = Task & { since: number; opening: number; openingMs: number; ends: number };

/** What Blender prints on its way: whole samples. */
const SAMPLES = 64;

/** A worker of one slot, which runs its chunks one after another and keeps the last job open. */
export class Machine {
  readonly id: WorkerId;
  readonly session: number;
  #steps: readonly Step[] = [];
  running: Running | null = null;
  #queue: Task[] = [];
  #open: string | null = null;

  constructor(id: WorkerId, session: number) {
    this.id = id;
    this.session = session;
  }

  /** From `origin` on it does as planned. To be said while it runs nothing. */
  follow(plan: WorkerPlan, origin: number): void {
    this.#steps = stepsOf(plan).map(({ from, rate }) => ({ from: from + origin, rate }));
  }

  /** False once it has died: then it says nothing and hears nothing. */
  lives(now: number): boolean {
    return rateAt(this.#steps, now) > 0;
  }

  take(task: Task): void {
    this.#queue.push(task);
  }

  /** Begins the next chunk if it is free; that of the open job first, as workers do. */
  begin(now: number): Running | null {
    if (this.running !== null || this.#queue.length === 0) return null;
    const opened = this.#queue.findIndex((task) => task.job === this.#open);
    const [task] = this.#queue.splice(Math.max(0, opened), 1);
    if (task === undefined) return null;
    const opening = task.job === this.#open ? 0 : task.openWork;
    this.#open = task.job;
    const openingMs = opening === 0 ? 0 : endOf(this.#steps, now, opening) - now;
    const ends = endOf(this.#steps, now, opening + task.work);
    this.running = { ...task, since: now, opening, openingMs, ends };
    return this.running;
  }

  /** As it reports it, 0 to 1: nothing of the opening, then whole samples. */
  fraction(now: number): number {
    if (this.running === null) return 0;
    const { since, opening, work } = this.running;
    const done = (workBetween(this.#steps, since, now) - opening) / work;
    return Math.max(0, Math.min(1, Math.floor(done * SAMPLES) / SAMPLES));
  }

  /** True when it had not begun and is given back. */
  giveBack(lease: LeaseId): boolean {
    const before = this.#queue.length;
    this.#queue = this.#queue.filter((task) => task.lease !== lease);
    return this.#queue.length < before;
  }

  /** Work that was spent on it so far. */
  drop(lease: LeaseId, now: number): number {
    this.giveBack(lease);
    if (this.running?.lease !== lease) return 0;
    const spent = workBetween(this.#steps, this.running.since, now);
    this.running = null;
    return spent;
  }
}
