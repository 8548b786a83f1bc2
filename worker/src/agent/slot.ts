import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Limits, Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import type {
  ChunkProgress,
  RunnableChunk,
  Runner,
  RunnerOptions,
  RunOutcome,
  TimeLimit,
  WorkerKind,
} from '../kinds/kind.ts';
import type { Log } from '../log.ts';
import { startChunkClock } from './chunk-clock.ts';

export type SlotOptions = {
  index: number;
  /** Of a chunk that asks for none: by now. */
  threads: () => number;
  folder: string;
  /** Folder of the worker whose content stays; left out, the slot's own. */
  kept?: string;
  kinds: readonly WorkerKind[];
  sandbox: Sandbox;
  limits?: Limits;
  lentFolder?: RunnerOptions['lentFolder'];
  log: Log;
  /** What a chunk may take of which its kind knows no limit, milliseconds. */
  longestMs?: number;
  /** A runner that has not stopped so long after it was told to is left behind, milliseconds. */
  patienceMs?: number;
  /** After so long without a chunk nothing is kept that has seen a job: it may be over. Milliseconds. */
  idleMs?: number;
};

/** Longer than the pauses between two stages of a job, and than most merges. */
const IDLE_MS = 60_000;

/** What a chunk of a slot may use, where it is another part of the worker than that of each slot. */
export type SlotUse = Pick<Asked, 'threads' | 'memoryBytes'> & {
  /** Called before the program is used, and waited for. */
  makeRoom?(): Promise<void>;
  /** Memory that its processes have, now and then. */
  onMemory?(bytes: number): void;
};

/** How often its memory is looked at, milliseconds. A chunk that is over before is taken to have what was seen last. */
const LOOK_MS = 500;

/** One chunk at a time, in the runner of its kind. The runners live as long as the slot, so that they stay warm. */
export class Slot {
  readonly index: number;
  readonly #options: SlotOptions;
  readonly #runners = new Map<string, Runner>();
  #busy = false;
  #affinity: string | null = null;
  /** Of the last chunk it ran. */
  #kind: string | null = null;
  #idle: NodeJS.Timeout | undefined;
  #forgetting = Promise.resolve();
  #threads: number;
  /** What the last chunk asked for; null for the slot's part. */
  #memoryBytes: number | null = null;
  /** With how much its programs may have been started: one process is held to little more than that. */
  #startedWith: number;
  #seen: { bytes: number; at: number; of: string } = { bytes: 0, at: Number.NEGATIVE_INFINITY, of: '' };

  constructor(options: SlotOptions) {
    this.index = options.index;
    this.#options = options;
    this.#threads = options.threads();
    this.#startedWith = this.#partBytes;
    for (const kind of options.kinds) this.#runners.set(kind.name, this.#create(kind));
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** What the slot has open: the affinity of the last chunk it ran. */
  get affinity(): string | null {
    return this.#affinity;
  }

  /** What it keeps warm may have so much memory. */
  get keptBytes(): number {
    return this.#affinity === null ? 0 : (this.#memoryBytes ?? this.#partBytes);
  }

  get #partBytes(): number {
    return this.#options.limits?.memoryBytes ?? 0;
  }

  /** Keeps nothing warm that has seen a job. */
  async letGo(): Promise<void> {
    clearTimeout(this.#idle);
    if (this.#affinity !== null) this.#forget();
    await this.#forgetting;
  }

  /** Never rejects, and never outlasts the signal by more than the slot's patience. May be called again once the chunk is `freed`. */
  async run(
    kindName: string,
    chunk: RunnableChunk,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
    use: SlotUse = {},
  ): Promise<RunOutcome> {
    const kind = this.#options.kinds.find((it) => it.name === kindName);
    if (kind === undefined) {
      return failure('unexpected', `This worker does not know work of the kind "${kindName}".`);
    }
    this.#busy = true;
    this.#affinity = chunk.affinity;
    clearTimeout(this.#idle);
    await this.#forgetting;
    await use.makeRoom?.();
    await this.#turnTo(kindName);
    const runner = await this.#runnerFor(kind, chunk.stage, use);
    const limit = kind.timeLimit(chunk) ?? longest(this.#options.longestMs ?? LONGEST_MS);
    const threads = this.#threads;
    const cores = availableParallelism();
    const clock = startChunkClock({ limit, threads, cores, cpuMs: () => runner.cpuMs() });
    const either = AbortSignal.any([signal, clock.signal]);
    const patience = this.#patience(either);
    const look = this.#watchMemory(runner, chunk.affinity, use.onMemory);
    let freed = false;
    let looked: Promise<void> | undefined;
    const free = (): void => {
      if (freed) return;
      freed = true;
      looked ??= look.end();
      clock.stop();
      this.#rest();
    };
    const onFreed = (): void => {
      free();
      chunk.freed?.();
    };
    try {
      const run = runner.run({ ...chunk, begun: clock.begin, freed: onFreed }, onProgress, either);
      const outcome = await Promise.race([run, patience.over]);
      looked ??= look.end();
      await looked;
      const over = signal.aborted ? null : clock.over();
      return over === null || outcome.ok ? outcome : { ...failure(limit.code, over), log: outcome.log };
    } catch (error) {
      this.#options.log.error(
        { event: 'runner.broken', kind: kindName, err: error },
        `The ${kindName} runner broke: ${String(error)}`,
      );
      // Another chunk may be under way in it.
      if (!freed) this.#replace(kind, runner);
      const over = signal.aborted ? null : clock.over();
      if (over !== null) return failure(limit.code, over);
      return failure('unexpected', error instanceof Error ? error.message : String(error));
    } finally {
      patience.end();
      free();
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#forgetting;
    await Promise.allSettled([...this.#runners.values()].map((runner) => runner.close()));
  }

  /** What is kept warm for later would take its memory from the other kind that runs now. */
  async #turnTo(kind: string): Promise<void> {
    if (this.#kind === kind) return;
    this.#kind = kind;
    const others = [...this.#runners].flatMap(([name, runner]) => (name === kind ? [] : [runner]));
    await this.#settled('rest', (runner) => runner.rest(), others);
  }

  /** Its programs are started anew where they have not the threads, or could not have the memory, that the chunk asks for. */
  async #runnerFor(
    kind: WorkerKind,
    stage: string,
    { threads = this.#options.threads(), memoryBytes }: SlotUse,
  ): Promise<Runner> {
    const goesAsItIs =
      threads === this.#threads || (threads < this.#threads && kind.takesAnyThreads?.(stage) === true);
    const tooLittle = memoryBytes !== undefined && memoryBytes > this.#startedWith;
    this.#memoryBytes = memoryBytes ?? null;
    if (!goesAsItIs || tooLittle) {
      this.#threads = threads;
      this.#startedWith = memoryBytes ?? this.#partBytes;
      await this.#settled('close', (runner) => runner.close(), [...this.#runners.values()]);
      for (const each of this.#options.kinds) this.#runners.set(each.name, this.#create(each));
    }
    const runner = this.#runners.get(kind.name);
    if (runner === undefined) throw new Error(`the slot has no runner of the kind ${kind.name}`);
    return runner;
  }

  #watchMemory(runner: Runner, of: string, tell: SlotUse['onMemory'] = () => {}) {
    const look = async (): Promise<void> => {
      const at = performance.now();
      const bytes = await runner.memoryBytes().catch(() => 0);
      this.#seen = { bytes, at, of };
      tell(bytes);
    };
    const timer = setInterval(() => void look(), LOOK_MS).unref();
    return {
      /** Its work is over: looks once more, but not at each of many short ones. */
      end: async (): Promise<void> => {
        clearInterval(timer);
        const lately = this.#seen.of === of && performance.now() - this.#seen.at < 2 * LOOK_MS;
        if (lately) tell(this.#seen.bytes);
        else await look();
      },
    };
  }

  #rest(): void {
    this.#busy = false;
    this.#idle = setTimeout(() => this.#forget(), this.#options.idleMs ?? IDLE_MS).unref();
  }

  /** Nobody says that a job is over; its chunks just do not come any more. */
  #forget(): void {
    this.#affinity = null;
    this.#forgetting = this.#settled('forget', (runner) => runner.forget(), [...this.#runners.values()]);
  }

  async #settled(what: string, act: (runner: Runner) => Promise<void>, runners: Runner[]): Promise<void> {
    for (const result of await Promise.allSettled(runners.map(act))) {
      if (result.status === 'rejected') {
        this.#options.log.error({ event: `runner.no-${what}`, err: result.reason });
      }
    }
  }

  #create(kind: WorkerKind): Runner {
    const { index, folder, kept, sandbox, log, lentFolder } = this.#options;
    const limits = this.#limits();
    return kind.createRunner({
      threads: this.#threads,
      folder: join(folder, kind.name),
      shared: join(dirname(folder), 'shared', kind.name),
      ...(kept === undefined ? {} : { kept: join(kept, kind.name) }),
      sandbox,
      ...(limits === undefined ? {} : { limits }),
      ...(lentFolder === undefined ? {} : { lentFolder }),
      onLog: (line) => log.debug({ event: 'child.line', slot: index, kind: kind.name, line }),
    });
  }

  #limits(): Limits | undefined {
    const { limits } = this.#options;
    if (limits === undefined) return undefined;
    const slot = this;
    return {
      ...limits,
      get memoryBytes() {
        return slot.#memoryBytes ?? limits.memoryBytes;
      },
    };
  }

  #replace(kind: WorkerKind, broken: Runner): void {
    this.#affinity = null;
    broken.close().catch((error) => this.#options.log.error({ event: 'runner.not-closed', err: error }));
    this.#runners.set(kind.name, this.#create(kind));
  }

  #patience(signal: AbortSignal): { over: Promise<never>; end: () => void } {
    const { promise: over, reject } = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const start = () => {
      timer = setTimeout(
        () => reject(new Error('It did not stop when it was told to.')),
        this.#options.patienceMs ?? 10_000,
      );
    };
    signal.addEventListener('abort', start, { once: true });
    if (signal.aborted) start();
    return {
      over,
      end() {
        clearTimeout(timer);
        signal.removeEventListener('abort', start);
      },
    };
  }
}

/** Three days: a large still on a slow machine takes one. */
const LONGEST_MS = 72 * 3_600_000;

const longest = (wallMs: number): TimeLimit => ({
  wallMs,
  from: 'start',
  code: 'over-time',
  message: `It took longer than the ${Math.round(wallMs / 360_000) / 10} hours that this worker gives a chunk (PILOT_CHUNK_HOURS), so it was ended.`,
});

const failure = (code: string, message: string): RunOutcome => ({
  ok: false,
  code,
  message: message === '' ? FAILURES.unexpected.sentence : message,
  log: '',
});
