import type { JobId } from '@parallel-pilot/shared/model/ids.ts';

export type Turn = { job: JobId; what: 'prepare' | 'stage-task' | 'assemble' };

/** Assemblies leave the processor to the chunks of other jobs; a stage task is what the next round waits for. */
const AT_ONCE = { prepare: 2, 'stage-task': 4, assemble: 2 };

/**
 * Which of those that wait may begin beside those that run, first come first
 * served. A suspect, on whose work a process has died, runs alone: if the next
 * one dies too, it is known whose doing that was.
 */
export function nextTurns<T extends Turn>(
  waiting: readonly T[],
  running: readonly Turn[],
  suspects: ReadonlySet<JobId>,
): T[] {
  const isSuspect = ({ job }: Turn): boolean => suspects.has(job);
  if (running.some(isSuspect)) return [];
  const suspect = waiting.find(isSuspect);
  if (suspect !== undefined) return running.length === 0 ? [suspect] : [];
  const room = { ...AT_ONCE };
  for (const { what } of running) room[what] -= 1;
  return waiting.filter(({ what }) => {
    room[what] -= 1;
    return room[what] >= 0;
  });
}

type Taken = Turn & { controller: AbortController; begun: boolean; over: PromiseWithResolvers<void> };

/** Jobs that wait for their turn or have it, one turn for each. */
export class Turns {
  /** Jobs that run alone; null as long as it is not known, and then nothing begins. */
  suspects: Set<JobId> | null = null;
  /** In the order in which they came. */
  readonly #taken = new Map<JobId, Taken>();
  readonly #run: (turn: Turn, signal: AbortSignal) => Promise<void>;
  readonly #over: (job: JobId) => void;
  #closed = false;

  /** `over` is called after each turn, and after each that was stopped before it began. */
  constructor(run: (turn: Turn, signal: AbortSignal) => Promise<void>, over: (job: JobId) => void) {
    this.#run = run;
    this.#over = over;
  }

  get all(): Turn[] {
    return [...this.#taken.values()].map(({ job, what }) => ({ job, what }));
  }

  has(job: JobId): boolean {
    return this.#taken.has(job);
  }

  add({ job, what }: Turn): void {
    const controller = new AbortController();
    this.#taken.set(job, { job, what, controller, begun: false, over: Promise.withResolvers() });
    this.begin();
  }

  /** Lets begin what may. */
  begin(): void {
    if (this.#closed || this.suspects === null) return;
    const { waiting = [], running = [] } = Object.groupBy(this.#taken.values(), ({ begun }) =>
      begun ? 'running' : 'waiting',
    );
    for (const turn of nextTurns(waiting, running, this.suspects)) {
      turn.begun = true;
      void this.#run(turn, turn.controller.signal).finally(() => this.#end(turn));
    }
  }

  /** At once for one that waits; for one that runs, as soon as it has ended. */
  async stop(job: JobId): Promise<void> {
    const turn = this.#taken.get(job);
    if (turn === undefined) return;
    turn.controller.abort();
    if (!turn.begun) this.#end(turn);
    await turn.over.promise;
  }

  /** Stops all of them, and lets none begin any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#taken.keys()].map((job) => this.stop(job)));
  }

  #end({ job, over }: Taken): void {
    this.#taken.delete(job);
    over.resolve();
    this.#over(job);
    this.begin();
  }
}
