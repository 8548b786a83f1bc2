import { join } from 'node:path';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import { InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { isDiskFull } from '../../disk-full.ts';
import { makeEnvironment } from '../../packages/make-environment.ts';
import type { PackageIndex } from '../../packages/package-index.ts';
import type { Python } from '../../packages/python-module.ts';
import { takePackages, type UnpackedEnvironments } from '../../packages/unpacked.ts';
import type { ChunkProgress, RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import type { HandlerProcess } from './handler-process.ts';
import { Instance, NO_RUNTIME, STOPPED } from './instance.ts';
import { pythonOf } from './runtime.ts';

export type FunctionRunnerOptions = RunnerOptions & {
  /** Where packages may be fetched; null where the owner allows none. */
  index: PackageIndex | null;
  /** Those that were installed, one place for all slots. */
  unpacked(python: Python): UnpackedEnvironments;
};

/** Keeps an instance: a process that takes calls, and is started anew where it dies, until the chunk is told to end. */
export function createFunctionRunner(options: FunctionRunnerOptions): Runner {
  let current: HandlerProcess | null = null;
  const nothing = async () => {};

  async function run(
    chunk: RunnableChunk,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const python = pythonOf(options.sandbox);
    if (chunk.stage === ENVIRONMENT)
      return python === null
        ? NO_RUNTIME
        : makeEnvironment({ ...options, python }, chunk, onProgress, signal);
    const stage = InstancesStage.parse(chunk.stageSpec);
    const packages =
      stage.packages === null || python === null
        ? null
        : await takePackages(options.unpacked(python), join(chunk.inputs, stage.packages));
    if (packages !== null && 'code' in packages) return packages;
    try {
      const place = { ...options, packages: packages?.folder ?? null };
      const instance = new Instance(chunk, stage, place, onProgress, (it) => {
        current = it;
      });
      return await instance.run(signal);
    } finally {
      packages?.release();
    }
  }

  return {
    async run(chunk, onProgress, signal) {
      try {
        return await run(chunk, onProgress, signal);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        return { ok: false, code: 'disk-full', message: FAILURES['disk-full'].sentence, log: '' };
      } finally {
        current = null;
      }
    },
    memoryBytes: async () => (current === null ? 0 : residentBytes(current.pid)),
    cpuMs: async () => (await current?.cpuMs()) ?? 0,
    rest: nothing,
    forget: nothing,
    close: async () => void (await current?.stop('stopped', STOPPED)),
  };
}
