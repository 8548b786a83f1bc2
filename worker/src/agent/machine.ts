import { cpus, freemem, loadavg, release, totalmem, type } from 'node:os';
import type { Heartbeat, Hello } from '@parallel-pilot/shared/protocol/workers.ts';

export const describeMachine = (): Hello['machine'] => ({
  os: `${type()} ${release()}`,
  cpus: Math.max(1, cpus().length),
  memoryBytes: totalmem(),
});

/** Reports the whole machine's load; `cpu` is the mean since the last call. */
export function createLoadMeter(): () => Omit<Heartbeat, 'draining' | 'offer' | 'lent'> {
  let last = cpuTimes();
  return () => {
    const now = cpuTimes();
    const total = now.total - last.total;
    const cpu = total > 0 ? (now.busy - last.busy) / total : 0;
    if (total > 0) last = now;
    return {
      cpu: Math.min(1, Math.max(0, cpu)),
      memoryUsedBytes: Math.max(0, totalmem() - freemem()),
      load: loadavg()[0] ?? 0,
    };
  };
}

function cpuTimes(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    total += sum;
    busy += sum - times.idle;
  }
  return { busy, total };
}
