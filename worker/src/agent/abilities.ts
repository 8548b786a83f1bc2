import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { WorkerKind } from '../kinds/kind.ts';
import type { Log } from '../log.ts';
import { rememberIn } from './remembered.ts';

export type AbilitiesOptions = {
  kinds: readonly WorkerKind[];
  sandbox: Sandbox;
  /** What is true of the worker itself, whatever a kind says or a file of an earlier start. */
  own: Capabilities;
  /** Where kinds remember what they found out. */
  folder: string;
  log: Log;
};

/** By fingerprint, which notes a kind has taken its word from. */
type Notes = Map<string, string | null>;

/** What this worker can do: looked at when it starts or remembered from an earlier start, and then looked at again. */
export class Abilities {
  readonly #options: AbilitiesOptions;
  /** By kind; those that can do something here. */
  readonly #found: Map<string, Capabilities>;
  readonly #remembered: ReadonlyMap<WorkerKind, Notes>;

  /** All kinds at the same time. Null where none of them can do anything on this machine. */
  static async find(options: AbilitiesOptions): Promise<Abilities | null> {
    const remembered = new Map<WorkerKind, Notes>();
    const found = await Promise.all(
      options.kinds.map(async (kind): Promise<[string, Capabilities]> => {
        const memory = rememberIn(options.folder, kind.name);
        const capabilities = await kind.detect(options.sandbox, {
          keep: memory.keep,
          async recall(fingerprint) {
            const known = await memory.recall(fingerprint);
            if (known === null) return null;
            const notes = remembered.get(kind) ?? new Map<string, string | null>();
            remembered.set(kind, notes.set(fingerprint, await memory.noteOf(fingerprint)));
            return known;
          },
        });
        return [kind.name, capabilities];
      }),
    );
    const able = found.filter(([, capabilities]) => Object.keys(capabilities).length > 0);
    return able.length === 0 ? null : new Abilities(options, new Map(able), remembered);
  }

  private constructor(
    options: AbilitiesOptions,
    found: Map<string, Capabilities>,
    remembered: ReadonlyMap<WorkerKind, Notes>,
  ) {
    this.#options = options;
    this.#found = found;
    this.#remembered = remembered;
  }

  get all(): Capabilities {
    const { own } = this.#options;
    return Object.assign({}, ...this.#found.values(), { kinds: [...this.#found.keys()] }, own);
  }

  /**
   * Looks for itself at what was only remembered. True where something is different now: `all` says it then, and so
   * do the next starts. What could not be looked at to its end stands, and is forgotten for the next start.
   */
  async checkAgain(): Promise<boolean> {
    let differs = false;
    for (const [kind, notes] of this.#remembered) {
      const now = await this.#lookAgain(kind, notes);
      if (now === null || isSame(now, this.#found.get(kind.name))) continue;
      this.#found.set(kind.name, now);
      differs = true;
      const sentence = `What this machine can do of the kind "${kind.name}" has changed.`;
      this.#options.log.info({ event: 'abilities.changed', kind: kind.name }, sentence);
    }
    return differs;
  }

  /** Null where a look came to no end. */
  async #lookAgain(kind: WorkerKind, notes: Notes): Promise<Capabilities | null> {
    const { sandbox, folder } = this.#options;
    const memory = rememberIn(folder, kind.name);
    const open = new Set<string>();
    const now = await kind.detect(sandbox, {
      async recall(fingerprint) {
        // Another worker of this machine may just have looked.
        const renewed = (await memory.noteOf(fingerprint)) !== notes.get(fingerprint);
        const known = renewed ? await memory.recall(fingerprint) : null;
        if (known === null) open.add(fingerprint);
        return known;
      },
      async keep(fingerprint, capabilities) {
        open.delete(fingerprint);
        await memory.keep(fingerprint, capabilities);
      },
    });
    for (const fingerprint of open) await memory.forget(fingerprint);
    return open.size === 0 ? now : null;
  }
}

/** Of what was found in one order. */
const isSame = (a: Capabilities, b: Capabilities | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Long enough for the pauses between two jobs of somebody who is at it. */
const RESTED_MS = 20_000;
/** Workers that start together look one after the other, and all but the first find it done. */
const SPREAD_MS = 15_000;
const LOOK_MS = 1_000;

/** Calls once, when nothing has run for so long: what it does would take time from a job. Returns what ends the wait. */
export function onceRested(
  isBusy: () => boolean,
  action: () => Promise<void>,
  restedMs = RESTED_MS + SPREAD_MS * Math.random(),
): () => void {
  let idleSince = performance.now();
  const timer = setInterval(() => {
    if (isBusy()) idleSince = performance.now();
    if (performance.now() - idleSince < restedMs) return;
    clearInterval(timer);
    void action();
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
