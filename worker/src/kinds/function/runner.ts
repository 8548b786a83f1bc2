import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import { isOfImage } from '@parallel-pilot/shared/kinds/container/image-stage.ts';
import { INPUTS } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { runtimeOf } from '@parallel-pilot/shared/kinds/function/name.ts';
import { InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { isDiskFull } from '../../disk-full.ts';
import { makeEnvironment } from '../../packages/make-environment.ts';
import type { PackageIndex } from '../../packages/package-index.ts';
import type { Python } from '../../packages/python-module.ts';
import { takePackages, type UnpackedEnvironments } from '../../packages/unpacked.ts';
import { imageOfChunk } from '../container/runner.ts';
import { type Containers, openFor } from '../container/workshop.ts';
import type { ChunkProgress, RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import type { HandlerProcess } from './handler-process.ts';
import { failed, Instance, NO_RUNTIME, STOPPED } from './instance.ts';
import { programInImage, programOf, pythonOf } from './runtime.ts';
import { inImage, inSandbox, type Place } from './start-process.ts';

export type FunctionRunnerOptions = RunnerOptions & {
  /** Where packages may be fetched; null where the owner allows none. */
  index: PackageIndex | null;
  /** Where handlers run that ask for an image. */
  containers: Containers;
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
    if (isOfImage(chunk.stage)) return imageOfChunk(options, options.containers, chunk, onProgress, signal);
    const stage = InstancesStage.parse(chunk.stageSpec);
    const found = await placeOf(options, chunk, stage, onProgress, signal);
    if ('code' in found) return found;
    const packages =
      stage.packages === null || python === null
        ? null
        : await takePackages(options.unpacked(python), join(chunk.inputs, stage.packages));
    if (packages !== null && 'code' in packages) {
      await found.end();
      return packages;
    }
    try {
      const more = { packages: packages?.folder ?? null, place: found.place, inputs: found.inputs };
      const instance = new Instance(chunk, stage, { ...options, ...more }, onProgress, (it) => {
        current = it;
      });
      return await instance.run(signal);
    } finally {
      packages?.release();
      await found.end();
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

/** `inputs`: the folder with its own files. */
type Found = { place: Place; inputs: string; end(): Promise<void> };

/** What its processes run in; `end` is called once they are gone. */
async function placeOf(
  options: FunctionRunnerOptions,
  chunk: RunnableChunk,
  { handler, image }: InstancesStage,
  onProgress: (progress: ChunkProgress) => void,
  signal: AbortSignal,
): Promise<Found | (RunOutcome & { ok: false })> {
  const { sandbox, threads, containers } = options;
  const runtime = runtimeOf(handler);
  if (runtime === null) return NO_RUNTIME;
  if (image === null) {
    const program = programOf(runtime, sandbox, threads);
    if (program === null) return NO_RUNTIME;
    return { place: inSandbox(sandbox, program), inputs: chunk.inputs, end: async () => {} };
  }
  const { image: parts, name, network } = image;
  if (parts === null)
    return failed(
      'no-image',
      `An older version of the farm has planned this instance, and names its image "${name}" only. The next one has it fetched.`,
      '',
    );
  const shop = await openFor(options, containers);
  if (shop === null)
    return failed('no-runtime', 'Podman or docker does not work on this worker any more.', '');
  const inputs = join(chunk.inputs, INPUTS.files);
  // A handler that its image brings has none there.
  await mkdir(inputs, { recursive: true });
  onProgress({ fraction: 0, detail: 'Unpacking the image' });
  const loaded = await shop.images.load(parts, chunk.inputs, signal);
  if (!loaded.ok) return failed('not-loaded', loaded.message, '');
  const of = { id: parts.id, name, network };
  return { place: inImage(shop, of, programInImage(runtime, threads), threads), inputs, end: loaded.end };
}
