import { constants } from 'node:os';
import type { Excess } from '../limits/watch.ts';

/** How a child ended. `failed-to-start` means that there never was a process. */
export type ChildExit =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: string }
  | { kind: 'failed-to-start'; reason: string }
  /** It was ended for what it said, see Child.condemn. `reason` is a sentence. */
  | { kind: 'broken'; reason: string }
  /** It was ended because it was over one of its limits. */
  | ({ kind: 'limit' } & Excess);

/** bubblewrap ends by itself with 128 and the signal's number when the program was ended by a signal. */
export function realExit(sandboxed: boolean, code: number): ChildExit {
  const signal = sandboxed
    ? Object.entries(constants.signals).find(([, number]) => code === 128 + number)
    : undefined;
  return signal === undefined ? { kind: 'exited', code } : { kind: 'signalled', signal: signal[0] };
}
