import { availableParallelism } from 'node:os';
import type { Limits } from '../sandbox.ts';
import { memoryForJobs, memoryOfMachine } from './share.ts';

/**
 * Limits that hinder no honest job: they keep a bad one from taking the machine
 * with it. The memory is that of a machine which does nothing else: whoever
 * shares it with others knows better.
 */
export const defaultLimits = (): Limits => ({
  memoryBytes: memoryForJobs(memoryOfMachine()),
  // Large programs start several threads per core in each of their thread pools.
  processes: 256 + 16 * availableParallelism(),
  fileBytes: 16 * 1024 ** 3,
  diskBytes: 32 * 1024 ** 3,
  files: 200_000,
});
