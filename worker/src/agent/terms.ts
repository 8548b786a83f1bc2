import { isDeepStrictEqual } from 'node:util';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { lentAt, lentOffer, stricter } from '@parallel-pilot/shared/model/lending-terms.ts';
import type { Lent } from '@parallel-pilot/shared/model/lent.ts';
import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Offer } from '@parallel-pilot/shared/model/resources.ts';
import type { LentFolders, OwnerTerms } from '../lending-text.ts';

/** Where terms come from. */
export type TermsSource = 'started' | 'file' | 'farm';

/** What is lent of this machine: the strictest of what was set where the worker was started, in its file, and on the farm. */
export class Terms {
  readonly #sources = new Map<TermsSource, Lending>();
  /** Threads of the machine. */
  readonly #threads: number;
  readonly #folders: Record<'started' | 'file', LentFolders> = { started: {}, file: {} };
  #all: Lending = {};

  constructor(started: Lending, threads: number, folders: LentFolders = {}) {
    this.#threads = threads;
    this.#folders.started = folders;
    this.set('started', started);
  }

  /** The folder that is lent by that name; null for none. */
  folder(name: string): string | null {
    const { started, file } = this.#folders;
    const { data } = this.#all;
    return data?.includes(name) === false
      ? null
      : (new Map(Object.entries({ ...started, ...file })).get(name) ?? null);
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

  /** The same of an owner's file, which may lend folders, too. */
  setByFile({ lending, folders }: OwnerTerms): boolean {
    const differ = !isDeepStrictEqual(this.#folders.file, folders);
    this.#folders.file = folders;
    return this.set('file', lending) || differ;
  }

  offerOf(offer: Offer): Offer {
    return lentOffer(this.#all, offer, this.#threads);
  }

  /** What of this can be done under these terms. */
  capabilitiesOf(capabilities: Capabilities): Capabilities {
    const { kinds: lent } = this.#all;
    const { kinds } = capabilities;
    const { started, file } = this.#folders;
    const data = Object.keys({ ...started, ...file }).filter((name) => this.folder(name) !== null);
    return {
      ...capabilities,
      ...(data.length === 0 ? {} : { [LENT_DATA]: data.sort() }),
      ...(lent === undefined || !Array.isArray(kinds)
        ? {}
        : { kinds: kinds.filter((kind) => lent.includes(kind)) }),
    };
  }

  lentAt(now: number, inUse: boolean): Lent {
    return lentAt(this.#all, now, inUse);
  }
}
