import { isDeepStrictEqual } from 'node:util';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { lentAt, lentOffer, stricter } from '@parallel-pilot/shared/model/lending-terms.ts';
import type { Lent } from '@parallel-pilot/shared/model/lent.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Offer } from '@parallel-pilot/shared/model/resources.ts';

/** Where terms come from. */
export type TermsSource = 'started' | 'file' | 'farm';

/** What is lent of this machine: the strictest of what was set where the worker was started, in its file, and on the farm. */
export class Terms {
  readonly #sources = new Map<TermsSource, Lending>();
  /** Threads of the machine. */
  readonly #threads: number;
  #all: Lending = {};

  constructor(started: Lending, threads: number) {
    this.#threads = threads;
    this.set('started', started);
  }

  /** What holds. */
  get all(): Lending {
    return this.#all;
  }

  /** What holds of what was set on this machine. */
  get own(): Lending {
    const { started = {}, file = {} } = Object.fromEntries(this.#sources);
    return stricter(started, file);
  }

  /** True where that changes what holds. */
  set(source: TermsSource, lending: Lending): boolean {
    this.#sources.set(source, lending);
    const before = this.#all;
    this.#all = stricter(this.own, this.#sources.get('farm') ?? {});
    return !isDeepStrictEqual(before, this.#all);
  }

  offerOf(offer: Offer): Offer {
    return lentOffer(this.#all, offer, this.#threads);
  }

  /** What of this can be done under these terms. */
  capabilitiesOf(capabilities: Capabilities): Capabilities {
    const { kinds: lent } = this.#all;
    const { kinds } = capabilities;
    if (lent === undefined || !Array.isArray(kinds)) return capabilities;
    return { ...capabilities, kinds: kinds.filter((kind) => lent.includes(kind)) };
  }

  lentAt(now: number, inUse: boolean): Lent {
    return lentAt(this.#all, now, inUse);
  }
}
