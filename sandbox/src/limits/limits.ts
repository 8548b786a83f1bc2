import { availableParallelism, totalmem } from 'node:os';
import type { Limits } from '../sandbox.ts';

/**
 * Limits that hinder no honest job: they keep a bad one from taking the machine
 * with it. A tenth of the memory stays for the system and the worker.
 */
export const defaultLimits = (): Limits => ({
  memoryBytes: Math.floor(totalmem() * 0.9),
  // Blender and torch start several threads per core in each of their thread pools.
  processes: 256 + 16 * availableParallelism(),
  fileBytes: 16 * 1024 ** 3,
  diskBytes: 32 * 1024 ** 3,
  files: 200_000,
});
