import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Effect } from '../farm/effects.ts';
import type { JobsRead } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import { react } from '../reactor/react.ts';
import { EventFault, round, takeIn } from '../reactor/round.ts';
import { Calm } from './calm.ts';
import { commit } from './commit.ts';
import { type Delivered, deliveredIn, withoutLeasesOf } from './delivered.ts';
import type { EngineParts } from './engine-parts.ts';
import { HandlerError } from './handler-error.ts';
import { coalescingKey, type Inbound } from './inbound.ts';
import { isolate, refuseQuarantined } from './isolate.ts';
import { carrySessions, loadFarm } from './load-farm.ts';
import { perform } from './perform.ts';
import { type Prepared, prepare } from './prepare.ts';
import { Conflict } from './write-batch.ts';

const GATHER_MS = 5;
/** What one round takes in at most: workers are to have its answers while the next one is at work, and memory its bounds. */
const MOST_AT_ONCE = 2_000;
/** What nobody waits for is gathered for so long. */
const CALM_MS = 40;
const TICK_MS = 500;
const SWEEP_MS = 2_000;
const HUNG_MS = 5_000;
const LONGEST_PAUSE_MS = 2_000;

export interface Engine {
  readonly farm: Farm;
  push(event: Inbound): void;
  /** False while the database cannot be written. */
  ready(): boolean;
  /** Handles what has come in so far, commits it, and stops. */
  stop(): Promise<void>;
}

/**
 * The loop of the load balancer. All that came in within some milliseconds is
 * one round: ask the database what belongs to it, let the reactor take it in
 * and the scheduler give out work, commit all of it, and only then tell
 * anybody. When the commit fails, its outcome is unknown: the farm is read
 * again and the same round repeated, until it succeeds. So the memory is never
 * ahead of the database by more than the round at work. An event or a job that
 * fails even against what was just read is left out, and the round goes on.
 */
export class FarmEngine implements Engine {
  farm: Farm;
  readonly #parts: EngineParts;
  #inbound: Inbound[] = [];
  /** Which of them nobody waits for. */
  #calm = new Calm();
  /** When the next round is to begin, by the monotonic clock. */
  #due = Number.POSITIVE_INFINITY;
  #wake: (() => void) | null = null;
  #stopping = false;
  /** Null when the farm as it was first read could not be taken in. */
  #opening: Effect[] | null;
  /** Of the round at work. */
  #effects: Effect[] = [];
  #downSince: number | null = null;
  #roundSince: number | null = null;
  readonly #timers: NodeJS.Timeout[];
  readonly #over: Promise<void>;

  /** `farm` and `read` as loadFarm gives them; what follows from having read it belongs to the first round. */
  constructor(parts: EngineParts, farm: Farm, read: JobsRead) {
    this.#parts = parts;
    this.farm = farm;
    this.#opening = this.#open(read);
    this.#inbound.push({ type: 'tick' });
    this.#timers = [
      setInterval(() => this.push({ type: 'tick' }), TICK_MS),
      setInterval(() => this.push({ type: 'sweep' }), SWEEP_MS),
    ];
    this.#over = this.#run();
  }

  #open(read: JobsRead): Effect[] | null {
    try {
      return react(this.farm, read, this.#parts.clock());
    } catch (error) {
      this.#down(new HandlerError(read, [], error));
      return null;
    }
  }

  push(event: Inbound): void {
    // While rounds fail, workers say the same again and again; and one tick is as good as two.
    if (this.#downSince !== null || event.type === 'tick' || event.type === 'sweep') {
      const key = coalescingKey(event);
      if (key !== undefined) this.#replaceEarlier(key);
    }
    this.#inbound.push(event);
    this.#expect(performance.now() + (this.#calm.has(event, this.farm) ? CALM_MS : 0));
  }

  #expect(due: number): void {
    if (due >= this.#due) return;
    this.#due = due;
    this.#wake?.();
  }

  ready(): boolean {
    const hung = this.#roundSince !== null && performance.now() - this.#roundSince > HUNG_MS;
    return this.#downSince === null && !hung && !this.#stopping;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopping = true;
    this.#wake?.();
    await this.#over;
  }

  #replaceEarlier(key: string): void {
    this.#inbound = this.#inbound.filter((earlier) => {
      if (coalescingKey(earlier) !== key) return true;
      if ('reply' in earlier) this.#parts.wire.reply(earlier.reply, refusal('not-ready'));
      return false;
    });
  }

  async #run(): Promise<void> {
    let lastRound = 0;
    while (!this.#stopping || this.#inbound.length > 0) {
      // The first message after a quiet time need not wait; those that follow it are gathered.
      await this.#untilDue(lastRound + GATHER_MS);
      // While a round was at work, other sockets have got messages too: all of them are read before the next one begins.
      await nextTurn();
      lastRound = performance.now();
      const batch = this.#inbound.splice(0, MOST_AT_ONCE);
      this.#calm = new Calm();
      this.#due = this.#inbound.length === 0 ? Number.POSITIVE_INFINITY : lastRound;
      this.#roundSince = lastRound;
      await this.#round(batch);
      this.#roundSince = null;
    }
  }

  async #untilDue(notBefore: number): Promise<void> {
    while (!this.#stopping) {
      const ms = Math.max(this.#due, notBefore) - performance.now();
      if (ms <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  async #round(first: Inbound[]): Promise<void> {
    let batch = first;
    let delivered: Delivered | null = this.#opening === null ? [] : null;
    let faults = 0;
    for (let failures = 0; ; failures += 1) {
      try {
        batch = refuseQuarantined(batch, this.#parts);
        await this.#attempt(batch, delivered);
        this.#up();
        return;
      } catch (error) {
        this.#down(error);
        delivered ??= deliveredIn(this.farm, this.#effects);
        if (error instanceof HandlerError || error instanceof Conflict) faults += 1;
        // The first time it may be that this process had something wrong in mind.
        if (faults > 1) {
          const dropped = await isolate(error, { farm: this.farm, effects: this.#effects }, this.#parts);
          batch = batch.filter((event) => !dropped.includes(event));
          delivered = withoutLeasesOf(dropped, delivered);
        }
        // None of it was acknowledged as stored, so its senders will send it again.
        if (this.#stopping) return;
        await pause(Math.min(LONGEST_PAUSE_MS, 50 * 2 ** failures));
      }
    }
  }

  async #attempt(batch: Inbound[], delivered: Delivered | null): Promise<void> {
    const { db, clock, random } = this.#parts;
    const effects = (delivered === null ? this.#opening : null) ?? [];
    this.#opening = [];
    this.#effects = effects;
    const newLease = () => newId('lse', random);
    if (delivered !== null) {
      const again = await this.#reload(delivered);
      named(() => takeIn(this.farm, again, clock(), effects));
    }
    const events = await prepare(this.#parts, this.farm, batch);
    named(() => round(this.farm, events, { now: clock(), newLease }, effects));
    const committed = await commit(db, effects);
    perform(effects, committed, { ...this.#parts, push: (event) => this.push(event) });
  }

  // What this process had in mind may be ahead of the database, or behind it when the lost answer was a success.
  async #reload(delivered: Delivered): Promise<Prepared[]> {
    const { db, clock, quarantine, chunksOfEachTeam } = this.#parts;
    const { farm, read } = await loadFarm(db, clock, quarantine, chunksOfEachTeam);
    carrySessions(this.farm, farm);
    this.farm = farm;
    return [
      { event: read, from: [] },
      { event: { type: 'reloaded', delivered }, from: [] },
    ];
  }

  #down(error: unknown): void {
    const { log, clock } = this.#parts;
    if (error instanceof Conflict || error instanceof HandlerError) {
      log.error({ event: 'farm.reread', err: error }, 'The farm is read again from the database');
      return;
    }
    if (this.#downSince === null) {
      log.error(
        { event: 'database.down', err: error },
        'The database cannot be used; work goes on when it can',
      );
    }
    this.#downSince ??= clock();
  }

  #up(): void {
    if (this.#downSince === null) return;
    const ms = this.#parts.clock() - this.#downSince;
    this.#downSince = null;
    this.#parts.log.warn({ event: 'database.up', ms }, 'The database can be used again');
  }
}

/** Says with whom a fault lies: with what came in. */
function named(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof EventFault)) throw error;
    const { event, from }: Prepared = error.source;
    throw new HandlerError(event, from, error.cause);
  }
}
