import { totalmem } from 'node:os';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** A program that starts at all needs so much. */
const LEAST = 256 * MIB;

/** What one worker of a host lays claim to. */
export type Claim = {
  slots: number;
  /** For all of its slots together, as its owner chose; null takes an equal part of what the others leave. */
  memoryBytes: number | null;
};

/**
 * How much of a machine may go to jobs: a tenth stays for the system, the
 * farm's servers and the workers themselves, at least 1 GiB and at most 8, but
 * never more than a quarter.
 */
export function memoryForJobs(totalBytes: number): number {
  const reserve = Math.min(Math.max(totalBytes / 10, GIB), 8 * GIB, totalBytes / 4);
  return Math.floor(totalBytes - reserve);
}

/**
 * What each slot of a worker may use, in bytes: what its owner chose, divided
 * by its slots; else an equal part, for each slot of the host without a chosen
 * size, of what the chosen ones leave. `others` are the host's other workers.
 */
export function memoryOfSlot(own: Claim, others: readonly Claim[], forJobs: number): number {
  if (own.memoryBytes !== null) return Math.floor(own.memoryBytes / own.slots);
  const chosen = others.reduce((sum, it) => sum + (it.memoryBytes ?? 0), 0);
  const slots = others.reduce((sum, it) => sum + (it.memoryBytes === null ? it.slots : 0), own.slots);
  return Math.max(LEAST, Math.floor((forJobs - chosen) / slots));
}

/** The machine's, or that of the container or service that this process is in, where that has less. */
export function memoryOfMachine(): number {
  // 0, or more than any machine has, where there is no such limit.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}
