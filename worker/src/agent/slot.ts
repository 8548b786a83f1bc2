import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Limits, Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import type {
  ChunkProgress,
  RunnableChunk,
  Runner,
  RunOutcome,
  TimeLimit,
  WorkerKind,
} from '../kinds/kind.ts';
import type { Log } from '../log.ts';
import { startChunkClock } from './chunk-clock.ts';

export type SlotOptions = {
  index: number;
  threads: number;
  folder: string;
  kinds: readonly WorkerKind[];
  sandbox: Sandbox;
  limits?: Limits;
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

  constructor(options: SlotOptions) {
    this.index = options.index;
    this.#options = options;
    for (const kind of options.kinds) this.#runners.set(kind.name, this.#create(kind));
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** What the slot has open: the affinity of the last chunk it ran. */
  get affinity(): string | null {
    return this.#affinity;
  }

  /** Never rejects, and never outlasts the signal by more than the slot's patience. May be called again once the chunk is `freed`. */
  async run(
    kindName: string,
    chunk: RunnableChunk,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const kind = this.#options.kinds.find((it) => it.name === kindName);
    const runner = this.#runners.get(kindName);
    if (kind === undefined || runner === undefined) {
      return failure('unexpected', `This worker does not know work of the kind "${kindName}".`);
    }
    this.#busy = true;
    this.#affinity = chunk.affinity;
    clearTimeout(this.#idle);
    await this.#forgetting;
    await this.#turnTo(kindName);
    const limit = kind.timeLimit(chunk) ?? longest(this.#options.longestMs ?? LONGEST_MS);
    const { threads } = this.#options;
    const cores = availableParallelism();
    const clock = startChunkClock({ limit, threads, cores, cpuMs: () => runner.cpuMs() });
    const either = AbortSignal.any([signal, clock.signal]);
    const patience = this.#patience(either);
    let freed = false;
    const free = (): void => {
      if (freed) return;
      freed = true;
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
    const { index, threads, folder, sandbox, limits, log } = this.#options;
    return kind.createRunner({
      threads,
      folder: join(folder, kind.name),
      sandbox,
      ...(limits === undefined ? {} : { limits }),
      onLog: (line) => log.debug({ event: 'child.line', slot: index, kind: kind.name, line }),
    });
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
