import { constants, setPriority } from 'node:os';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import type { Lent } from '@parallel-pilot/shared/model/lent.ts';
import { isWithin } from '@parallel-pilot/shared/model/week-clock.ts';
import { watchIdle } from './idle.ts';
import type { LendingFile } from './lending-file.ts';
import type { Terms } from './terms.ts';

export type WatchedTerms = {
  terms: Terms;
  /** Null where none was named. */
  file: LendingFile | null;
  /** Milliseconds since 1970. */
  clock(): number;
};

export type TermsListener = {
  /** It is lent from now on, or no longer; or until another time. */
  onLent(): void;
  /** How much is lent may be other than before. */
  onTerms(): void;
};

const LOOK_MS = 1_000;

/** Follows the clock, the owner's file, and what others do on the machine. */
export class TermsWatch {
  readonly #parts: WatchedTerms;
  #listener: TermsListener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #inUse = false;
  #endIdleWatch: (() => void) | undefined;
  #lent: Lent;

  constructor(parts: WatchedTerms) {
    this.#parts = parts;
    this.#lent = this.#now();
  }

  get lent(): Lent {
    return this.#lent;
  }

  open(listener: TermsListener): void {
    this.#listener = listener;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
    this.#followUse();
  }

  /** What people on the farm let it lend at most. */
  setByFarm(lending: Lending): void {
    if (this.#parts.terms.set('farm', lending)) this.#changed();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#endIdleWatch?.();
  }

  #changed(): void {
    this.#followUse();
    this.#lent = this.#now();
    this.#listener?.onTerms();
    this.#listener?.onLent();
  }

  async #look(): Promise<void> {
    const { terms, file } = this.#parts;
    const found = (await file?.readAgain()) ?? null;
    if (found !== null && terms.setByFile(found)) this.#changed();
    // What comes next is looked for when something changes, and not each second.
    else if (this.#isOpen() !== this.#lent.open) this.#settle();
  }

  #isOpen(): boolean {
    const { terms, clock } = this.#parts;
    const { hours = [], onlyIdle } = terms.all;
    return hours.every((one) => isWithin(one, clock())) && !(onlyIdle === true && this.#inUse);
  }

  #now(): Lent {
    return this.#parts.terms.lentAt(this.#parts.clock(), this.#inUse);
  }

  #settle(): void {
    this.#lent = this.#now();
    this.#listener?.onLent();
  }

  /** Behind all else that runs here, its children too, and not at all while somebody uses the machine. */
  #followUse(): void {
    const { onlyIdle = false } = this.#parts.terms.all;
    if (onlyIdle === (this.#endIdleWatch !== undefined)) return;
    if (onlyIdle) {
      setPriority(constants.priority.PRIORITY_LOW);
      this.#endIdleWatch = watchIdle((idle) => {
        this.#inUse = !idle;
        this.#settle();
      });
    } else {
      this.#endIdleWatch?.();
      this.#endIdleWatch = undefined;
      this.#inUse = false;
    }
  }
}
