import { cpus } from 'node:os';

/** Processor time so far, of all cores, in milliseconds; `others` is that of programs at normal priority. */
export type CpuUse = { others: number; total: number };

/**
 * What programs of people use. A worker that takes only idle time runs at nice 19, and so do its children: their time
 * is counted as `nice` by Linux and macOS. Time in the kernel is nobody's here, since it is not told apart.
 */
export function cpuUse(): CpuUse {
  let others = 0;
  let total = 0;
  for (const { times } of cpus()) {
    others += times.user;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { others, total };
}

/** A part of all cores, 0 to 1: others need the machine above the one, and are taken to be gone below the other. */
const BUSY_ABOVE = 0.25;
const IDLE_BELOW = 0.15;
const LOOK_MS = 5_000;
/** Two looks tell work from a page that was opened; twelve, a pause from the end. */
const BUSY_LOOKS = 2;
const IDLE_LOOKS = 12;

/** Judges look by look whether the machine is used by others; it is taken for idle at first. */
export function createIdleJudge(): (share: number) => boolean {
  let idle = true;
  let against = 0;
  return (share) => {
    const contradicts = idle ? share > BUSY_ABOVE : share < IDLE_BELOW;
    against = contradicts ? against + 1 : 0;
    if (against >= (idle ? BUSY_LOOKS : IDLE_LOOKS)) {
      idle = !idle;
      against = 0;
    }
    return idle;
  };
}

/** Tells whenever the machine comes to be used by others, or no longer is. Returns what ends that. */
export function watchIdle(onChange: (idle: boolean) => void, read: () => CpuUse = cpuUse): () => void {
  const judge = createIdleJudge();
  let last = read();
  let before = true;
  const timer = setInterval(() => {
    const now = read();
    const total = now.total - last.total;
    const share = total > 0 ? (now.others - last.others) / total : 0;
    last = now;
    const idle = judge(share);
    if (idle !== before) onChange(idle);
    before = idle;
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
