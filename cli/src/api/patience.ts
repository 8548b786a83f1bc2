import { setTimeout as pause } from 'node:timers/promises';
import { isPassing } from './request.ts';

const WITHIN_MS = 60_000;

/** Asks again, for a minute, while the farm does not answer. Only for what may be asked twice. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  for (let waitMs = 250; ; waitMs = Math.min(4_000, waitMs * 2)) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || performance.now() + waitMs > deadline) throw error;
      await pause(waitMs);
    }
  }
}
