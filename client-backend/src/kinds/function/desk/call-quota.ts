import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { addCallsOnDay, callsOnDay, dayOf } from '@parallel-pilot/shared/server/db/calls-by-day.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { type Limited, limitedBy, refusalOf } from '../../../limits/limits.ts';
import type { Parts } from '../../../parts.ts';

/** Whose function is called: calls count for them, whoever calls. */
export type Owner = { team: TeamId; person: PersonId };
type Holder = TeamId | PersonId;

export type Taken = { ok: true } | { ok: false; code: string; message: string; retryAfterSeconds: number };

/** What was written in a transaction that may still fail. */
export type Counted = { day: string; owners: readonly Owner[]; totals: ReadonlyMap<Holder, number> };

/** What was set, and what other backends have counted, is looked at again after so long, milliseconds. */
const FRESH_MS = 1_000;
const DAY_MS = 24 * 3_600_000;

/**
 * How many calls of its functions a team and a person may have begun in a day (UTC). What is counted stands in the
 * database with the records of the calls, so that a backend that dies forgets none that it has answered; those under way
 * are known to their own backend alone, so that several of them may go beyond a limit by the calls of a second.
 */
export class CallQuota {
  readonly #parts: Pick<Parts, 'db' | 'clock' | 'config'>;
  readonly #limits = new Map<string, { until: number; limits: Promise<Limited[]> }>();
  readonly #underWay = new Map<Holder, number>();
  #day = '';
  readonly #counted = new Map<Holder, number>();

  constructor(parts: Pick<Parts, 'db' | 'clock' | 'config'>) {
    this.#parts = parts;
  }

  /** That one more begins. It is over for this with `counted`, or with `drop`. */
  async take(owner: Owner): Promise<Taken> {
    const limits = await this.#limitsOf(owner);
    this.#turn();
    for (const { holder, name, most } of limits) {
      const limit = most('callsPerDay');
      if (limit === null) continue;
      const id = 'team' in holder ? holder.team : holder.person;
      const used = (this.#counted.get(id) ?? 0) + (this.#underWay.get(id) ?? 0);
      if (used < limit) continue;
      const now = this.#parts.clock();
      const retryAfterSeconds = Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000);
      return { ok: false, ...refusalOf('callsPerDay', name, used, limit), retryAfterSeconds };
    }
    this.#move(owner, 1);
    return { ok: true };
  }

  /** One that was over for this begins once more. */
  takeAgain(owner: Owner): void {
    this.#move(owner, 1);
  }

  /** It was none: the same call had begun before, or it was refused. */
  drop(owner: Owner): void {
    this.#move(owner, -1);
  }

  /** Writes them in the transaction that writes their rows; `settle` once that is committed. */
  async count(db: Db, owners: readonly Owner[]): Promise<Counted> {
    const day = dayOf(this.#parts.clock());
    const begun = new Map<Holder, number>();
    for (const { team, person } of owners)
      for (const holder of [team, person]) begun.set(holder, (begun.get(holder) ?? 0) + 1);
    if (begun.size === 0) return { day, owners, totals: new Map() };
    await addCallsOnDay(db, begun, day);
    return { day, owners, totals: await callsOnDay(db, [...begun.keys()], day) };
  }

  settle({ day, owners, totals }: Counted): void {
    this.#turn();
    if (day === this.#day) this.#learn(totals);
    for (const owner of owners) this.drop(owner);
  }

  #limitsOf(owner: Owner): Promise<Limited[]> {
    const key = `${owner.team} ${owner.person}`;
    const known = this.#limits.get(key);
    const now = performance.now();
    if (known !== undefined && known.until > now) return known.limits;
    if (this.#limits.size > 10_000) this.#limits.clear();
    const limits = this.#look(owner);
    this.#limits.set(key, { until: now + FRESH_MS, limits });
    limits.catch(() => this.#limits.delete(key));
    return limits;
  }

  async #look(owner: Owner): Promise<Limited[]> {
    const { db, clock, config } = this.#parts;
    const day = dayOf(clock());
    const totals = await callsOnDay(db, [owner.team, owner.person], day);
    this.#turn();
    if (day === this.#day) this.#learn(totals);
    return limitedBy(db, owner, config.teamLimits);
  }

  /** They only grow in a day: what is less was read before. */
  #learn(totals: ReadonlyMap<Holder, number>): void {
    for (const [holder, calls] of totals)
      this.#counted.set(holder, Math.max(calls, this.#counted.get(holder) ?? 0));
  }

  #turn(): void {
    const day = dayOf(this.#parts.clock());
    if (day === this.#day) return;
    this.#day = day;
    this.#counted.clear();
  }

  #move({ team, person }: Owner, by: number): void {
    for (const holder of [team, person]) {
      const under = (this.#underWay.get(holder) ?? 0) + by;
      if (under > 0) this.#underWay.set(holder, under);
      else this.#underWay.delete(holder);
    }
  }
}
