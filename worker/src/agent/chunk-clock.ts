import type { TimeLimit } from '../kinds/kind.ts';

/** How long a program may take to get ready: a module as large as torch comes from a slow disk. */
const START_MS = 600_000;
/** A program of so many threads has some that it did not count, and those beside it that start and read. */
const CPU_SLACK = 1.5;
const LEAST_LOOK_MS = 500;
/** What a timer can hold: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type ChunkClock = {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** A sentence, once it is over. */
  over(): string | null;
  /** The program is ready: its time counts from now. Once. */
  begin(): void;
  stop(): void;
};

type ClockOptions = {
  limit: TimeLimit;
  /** That the slot may use, and that the machine has. */
  threads: number;
  cores: number;
  /** Processor time of the slot's child so far; it falls where the child is another one. */
  cpuMs(): Promise<number>;
};

/**
 * Measures the time of one chunk, by the clock and by the processor: its slot's
 * threads, working all of the time that it may take, use no more than `wallMs`
 * times their number.
 */
export function startChunkClock({ limit, threads, cores, cpuMs }: ClockOptions): ChunkClock {
  const { wallMs, message } = limit;
  const cpuLimitMs = wallMs * threads * CPU_SLACK;
  const stopper = new AbortController();
  let over: string | null = null;
  let begun = false;
  let stopped = false;
  let wall: NodeJS.Timeout;
  let cpuTimer: NodeJS.Timeout | undefined;

  const stop = (): void => {
    stopped = true;
    clearTimeout(wall);
    clearTimeout(cpuTimer);
  };
  const end = (sentence: string): void => {
    if (stopped) return;
    stop();
    over = sentence;
    stopper.abort('over-time');
  };
  const setWall = (ms: number): void => {
    clearTimeout(wall);
    wall = setTimeout(() => end(message), Math.min(ms, LONGEST_TIMER_MS)).unref();
  };
  const checkCpu = (used: number, last: number): void => {
    // However many threads it has, it cannot be over before all cores together could have done as much.
    const soonest = Math.max(LEAST_LOOK_MS, (cpuLimitMs - used) / cores);
    cpuTimer = setTimeout(
      async () => {
        const now = await cpuMs();
        const sum = used + (now < last ? now : now - last);
        if (sum > cpuLimitMs) end(`${message} ${tooBusy(cpuLimitMs)}`);
        if (!stopped) checkCpu(sum, now);
      },
      Math.min(soonest, LONGEST_TIMER_MS),
    ).unref();
  };
  const watchCpu = async (): Promise<void> => {
    if (cpuLimitMs >= wallMs * cores) return;
    const first = await cpuMs();
    if (!stopped) checkCpu(0, first);
  };

  const begin = (): void => {
    if (begun || stopped) return;
    begun = true;
    setWall(wallMs);
    void watchCpu();
  };
  setWall(START_MS);
  if (limit.from === 'start') begin();
  return { signal: stopper.signal, over: () => over, begin, stop };
}

const tooBusy = (cpuLimitMs: number): string =>
  `It kept more threads busy than its slot has: ${(cpuLimitMs / 1_000).toFixed(0)} seconds of processor time are used up.`;
