import type { FunctionSettings } from '@parallel-pilot/shared/kinds/function/settings.ts';
import { formatBytes, formatDuration, plural } from '../../components/format.ts';

export function settingsFacts(s: FunctionSettings): [string, string][] {
  return [
    ['Instances', `${s.min} to ${s.max}`],
    ['Calls at once in each', String(s.concurrency)],
    ['Time of a call', `${formatDuration(s.timeoutSeconds * 1_000)} at most`],
    ['Memory of an instance', s.memoryBytes === null ? "a slot's part" : formatBytes(s.memoryBytes)],
    ['Threads of an instance', s.cpus === null ? "a slot's part" : String(s.cpus)],
    ['Ends when idle for', formatDuration(s.idleSeconds * 1_000)],
    ['May wait', plural(s.queue, 'call')],
  ];
}
