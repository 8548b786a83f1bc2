import { InstanceResult, type InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { type Call, type CallEnd, callFailed } from '@parallel-pilot/shared/protocol/calls.ts';
import type { CallBlobs, ChunkProgress, RunnableChunk, RunnerOptions, RunOutcome } from '../kind.ts';
import { type HandlerProcess, startHandler } from './handler-process.ts';
import type { Place } from './start-process.ts';

/** A handler whose process dies so often without a call that was answered in between is given up. */
const MOST_DEATHS = 3;

/** `inputs`: the folder with its files; `packages`: that of those that it brings. `place`: what its processes run in. */
type InstanceOptions = RunnerOptions & { inputs: string; packages: string | null; place: Place };

/** A process that takes calls, and is started anew where it dies, until its chunk is told to end. */
export class Instance {
  readonly #chunk: RunnableChunk;
  readonly #options: InstanceOptions;
  readonly #stage: InstancesStage;
  readonly #onProgress: (progress: ChunkProgress) => void;
  readonly #onProcess: (process: HandlerProcess) => void;
  #process: HandlerProcess | null = null;
  /** All that it has started and that are not cleared yet: answers of those that have died may be on their way. */
  readonly #started = new Set<HandlerProcess>();
  #calls = 0;
  #under = 0;
  #onIdle: (() => void) | null = null;

  constructor(
    chunk: RunnableChunk,
    stage: InstancesStage,
    options: InstanceOptions,
    onProgress: (progress: ChunkProgress) => void,
    onProcess: (process: HandlerProcess) => void,
  ) {
    this.#chunk = chunk;
    this.#options = options;
    this.#stage = stage;
    this.#onProgress = onProgress;
    this.#onProcess = onProcess;
  }

  async run(signal: AbortSignal): Promise<RunOutcome> {
    const stop = (): void => {
      for (const process of this.#started) void process.stop('stopped', STOPPED);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.#keep(signal);
    } finally {
      // What lies in their folders is gone with the run.
      await Promise.all([...this.#started].map(({ cleared }) => cleared));
      signal.removeEventListener('abort', stop);
    }
  }

  async #keep(signal: AbortSignal): Promise<RunOutcome> {
    const { calls, notice } = this.#chunk;
    if (calls === undefined) throw new Error('an instance that nobody can call');
    const over = AbortSignal.any([calls.retired, signal, ...(notice === undefined ? [] : [notice])]);
    const isOver = new Promise<'over'>((resolve) => {
      if (over.aborted) resolve('over');
      over.addEventListener('abort', () => resolve('over'), { once: true });
    });
    let deaths = 0;
    let last = '';
    while (!over.aborted) {
      const process = await this.#start(calls.blobs);
      const loaded = await Promise.race([process.loaded, isOver]);
      if (loaded !== 'over' && !loaded.ok) {
        const log = process.log();
        await process.stop('stopped', STOPPED);
        return failed('handler-broken', loaded.message, log);
      }
      if (loaded !== 'over') {
        this.#process = process;
        // Opened once: calls that come while it is started anew wait for it.
        if (deaths === 0) calls.open(this.#stage.settings.concurrency, (call) => this.#take(call, over));
        this.#tell();
        const end = await Promise.race([process.ended, isOver]);
        last = end === 'over' ? last : end;
        deaths = process.answered ? 1 : deaths + 1;
      }
      if (over.aborted) return this.#end(process, signal);
      this.#process = null;
      if (deaths >= MOST_DEATHS) return failed('keeps-dying', last, process.log());
    }
    return this.#end(null, signal);
  }

  async #start(blobs: CallBlobs): Promise<HandlerProcess> {
    const { inputs, packages, place } = this.#options;
    const order = { stage: this.#stage, inputs, packages, place, blobs, onPrinted: () => this.#tell() };
    const process = await startHandler(order, this.#options);
    this.#started.add(process);
    void process.cleared.then(
      () => this.#started.delete(process),
      // Whoever waits for it is told.
      () => {},
    );
    this.#onProcess(process);
    return process;
  }

  async #take(call: Call, over: AbortSignal): Promise<CallEnd> {
    const process = await this.#ready(over);
    if (process === null) return callFailed('no-instance', 'The instance has ended.');
    this.#under += 1;
    try {
      const end = await process.call(call);
      this.#calls += 1;
      this.#tell();
      return end;
    } finally {
      this.#under -= 1;
      if (this.#under === 0) this.#onIdle?.();
    }
  }

  /** The process, or null where it does not come back soon. */
  async #ready(over: AbortSignal): Promise<HandlerProcess | null> {
    const until = performance.now() + RESTART_MS;
    while (this.#process === null && !over.aborted && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return this.#process;
  }

  /** Calls under way are waited for, unless the chunk is not wanted any more. */
  async #end(process: HandlerProcess | null, signal: AbortSignal): Promise<RunOutcome> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const idle = new Promise<void>((resolve) => {
      if (this.#under === 0) resolve();
      this.#onIdle = resolve;
    });
    await Promise.race([idle, aborted]);
    const log = process?.log() ?? '';
    await process?.stop('stopped', STOPPED);
    if (signal.aborted) return failed('canceled', FAILURES.canceled.sentence, log);
    if (this.#chunk.notice?.aborted && !this.#chunk.calls?.retired.aborted)
      return failed('preempted', 'The instance was taken back.', log);
    return { ok: true, result: InstanceResult.parse({ calls: this.#calls }), files: [], log };
  }

  #tell(): void {
    const calls = `${this.#calls} ${this.#calls === 1 ? 'call' : 'calls'}`;
    const printed = this.#process?.log() ?? '';
    this.#onProgress({
      fraction: 0,
      detail: calls,
      ...(printed === '' ? {} : { log: `${printed}\n` }),
    });
  }
}

/** A process that is started anew is waited for so long, milliseconds. */
const RESTART_MS = 5_000;
export const STOPPED = 'The instance was stopped.';

export const failed = (code: string, message: string, log: string): RunOutcome & { ok: false } => ({
  ok: false,
  code,
  message,
  log,
});

export const NO_RUNTIME = failed('no-runtime', 'The worker has nothing that runs the handler.', '');
