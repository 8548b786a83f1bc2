import type { FunctionSettings } from '@parallel-pilot/shared/kinds/function/settings.ts';
import { bytesInWords } from '@parallel-pilot/shared/model/resources.ts';

/** "0 to 8 instances, 1 call at once, 30 s each". */
export function settingsInWords(settings: FunctionSettings): string {
  const { min, max, concurrency, timeoutSeconds, memoryBytes, cpus } = settings;
  return [
    `${min} to ${max} ${max === 1 ? 'instance' : 'instances'}`,
    `${concurrency} ${concurrency === 1 ? 'call' : 'calls'} at once`,
    `${timeoutSeconds} s each`,
    ...(memoryBytes === null ? [] : [bytesInWords(memoryBytes)]),
    ...(cpus === null ? [] : [`${cpus} threads`]),
  ].join(', ');
}
