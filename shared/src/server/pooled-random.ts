import { randomFillSync } from 'node:crypto';
import type { RandomBytes } from '../model/ids.ts';

/** Asking the system for 20 bytes takes as long as asking for some thousand. */
const POOL_BYTES = 8_192;

/** The system's random bytes, for a process that needs a few of them ten thousand times a second. None is given twice. */
export function pooledRandom(): RandomBytes {
  let pool = new Uint8Array(0);
  let used = 0;
  return (count) => {
    if (used + count > pool.length) {
      pool = randomFillSync(new Uint8Array(Math.max(POOL_BYTES, count)));
      used = 0;
    }
    const bytes = pool.slice(used, used + count);
    pool.fill(0, used, used + count);
    used += count;
    return bytes;
  };
}
