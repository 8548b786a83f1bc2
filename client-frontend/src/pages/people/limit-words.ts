import type { LimitName } from '@parallel-pilot/shared/api/limits.ts';
import { formatBytes, formatCount } from '../../components/format.ts';

/** How a limit is called, and in which unit people give and read it; `perUnit` of the API's make one of it. */
export const LIMIT_WORDS: Record<LimitName, { label: string; unit: string; perUnit: number }> = {
  waitingJobs: { label: 'Jobs waiting', unit: 'jobs', perUnit: 1 },
  chunksAtOnce: { label: 'Chunks at once', unit: 'chunks', perUnit: 1 },
  storedBytes: { label: 'Stored', unit: 'GB', perUnit: 1e9 },
  uploadBytes: { label: 'Largest file', unit: 'GB', perUnit: 1e9 },
  workerHours: { label: 'Worker hours this month', unit: 'hours', perUnit: 1 },
  callsPerDay: { label: 'Calls of functions today', unit: 'calls', perUnit: 1 },
};

/** "1.4 GB", "12.5 h", "3". */
export function formatLimit(name: LimitName, value: number): string {
  if (name === 'storedBytes' || name === 'uploadBytes') return formatBytes(value);
  if (name === 'workerHours') return `${formatCount(Math.round(value * 10) / 10)} h`;
  return formatCount(value);
}
