import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names this process among all that ever worked on the farm: machine and its processes' names, number, and a random part. */
export const nameOfProcess = (random: string): string => `${PLACE}:${process.pid}:${random}`;

// Two containers may share a name, but not their processes' numbers.
const PLACE = `${hostname()}:${namespace()}`;

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '';
  }
}

/**
 * True for a process of this machine that is no more, so that a backend which
 * is started again need not wait for its predecessor's lease. Of one on
 * another machine, or whose number another program has, only the lease tells.
 */
export function isGone(name: string): boolean {
  const [number = '', ...place] = name.split(':').slice(0, -1).reverse();
  if (place.reverse().join(':') !== PLACE) return false;
  // There is one engine in a process.
  if (Number(number) === process.pid) return true;
  try {
    process.kill(Number(number), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
