import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import {
  type Claim,
  memoryForJobs,
  memoryOfMachine,
  memoryOfSlot,
} from '@parallel-pilot/sandbox/limits/share.ts';
import type { Limits, Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Log } from '../log.ts';
import type { HostWorkers } from './host-workers.ts';
import type { Terms } from './terms.ts';

/** What each slot's child may use. Its memory changes with the number of workers on this machine. */
export function slotLimits(own: Claim, host: HostWorkers, terms: Pick<Terms, 'all'> = { all: {} }): Limits {
  const forJobs = memoryForJobs(memoryOfMachine());
  return {
    ...defaultLimits(),
    get memoryBytes() {
      const part = memoryOfSlot(own, host.others(), forJobs);
      const { memoryBytes: lent } = terms.all;
      return lent === undefined ? part : Math.min(part, Math.floor(lent / own.slots));
    },
  };
}

/** What was set for the worker, where the machine has as much. */
export const memoryClaimed = ({ memoryBytes }: { memoryBytes: number | null }): number | null =>
  memoryBytes === null ? null : Math.min(memoryBytes, memoryForJobs(memoryOfMachine()));

/** How the limits of children are kept: the capability `limits`. */
export const keptBy = ({ groups }: Sandbox): string => groups?.version ?? 'watched';

export function logLimits(log: Log, slots: number, limits: Limits, sandbox: Sandbox): void {
  const memory = `${(limits.memoryBytes / 1e9).toFixed(1)} GB of memory`;
  const who = slots === 1 ? 'A job' : `Each of the ${slots} slots`;
  const how =
    sandbox.groups === undefined
      ? 'which is watched: this user can make no control groups'
      : `kept by the kernel (${sandbox.groups.version})`;
  log.info(
    { event: 'limits', keptBy: keptBy(sandbox), memoryBytes: limits.memoryBytes },
    `${who} may use ${memory}, ${how}.`,
  );
}
