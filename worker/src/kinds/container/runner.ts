import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import { isOfRuns } from '@parallel-pilot/shared/kinds/command/kind.ts';
import type { ContainerFailure } from '@parallel-pilot/shared/kinds/container/failures.ts';
import { ContainerStage, INPUTS } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { createRunsRunner } from '../command/runner.ts';
import type { ChunkProgress, RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import { numbersOf } from '../visible-cards.ts';
import { containerWall } from './container-wall.ts';
import { makeImage } from './make-image.ts';
import { type Containers, openFor } from './workshop.ts';

/** Runs commands in containers, and fetches or builds their images. */
export function createContainerRunner(options: RunnerOptions, workshop: Containers): Runner {
  const runs = createRunsRunner(options, async (chunk, work, onProgress, signal) => {
    const shop = await openFor(options, workshop);
    if (shop === null)
      return failure('unexpected', 'Podman or docker does not work on this worker any more.');
    const { image, name, network, entrypoint } = ContainerStage.parse(chunk.stageSpec);
    const inputs = join(chunk.inputs, INPUTS.files);
    // A command without files has none there.
    await mkdir(inputs, { recursive: true });
    onProgress({ fraction: 0, detail: 'Unpacking the image' });
    const loaded = await shop.images.load(image, chunk.inputs, signal);
    if (!loaded.ok) return failure('not-loaded', loaded.message);
    const wall = containerWall({
      ...{ engine: shop.engine, image: image.id, imageName: name, network, threads: options.threads },
      ...{ devices: devicesOf(chunk), newName: shop.newName, withoutShell: shop.withoutShell, entrypoint },
    });
    return work({ wall, inputs, environment: {} }).finally(loaded.end);
  });
  return {
    ...runs,
    async run(chunk, onProgress, signal) {
      return isOfRuns(chunk.stage)
        ? runs.run(chunk, onProgress, signal)
        : imageOfChunk(options, workshop, chunk, onProgress, signal);
    },
  };
}

/** The chunk of a stage that fetches or builds an image, of whichever kind. */
export async function imageOfChunk(
  options: RunnerOptions,
  workshop: Containers,
  chunk: RunnableChunk,
  onProgress: (progress: ChunkProgress) => void,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const shop = await openFor(options, workshop);
  if (shop === null) return failure('unexpected', 'Podman or docker does not work on this worker any more.');
  const { threads, limits = defaultLimits() } = options;
  const { memoryBytes } = limits;
  const { engine, newName, unfinished } = shop;
  const making = { engine, newName, chunk, threads, memoryBytes, onProgress, signal };
  return unfinished.during('making', (aside, cut) => makeImage({ ...making, aside, cut }));
}

/** Where descriptions of devices lie, see cncf-tags/container-device-interface. */
const CDI = ['/etc/cdi/nvidia.yaml', '/var/run/cdi/nvidia.yaml'];

/** The cards that the chunk was given, where this machine describes them to containers. */
function devicesOf({ cards }: RunnableChunk): string[] {
  if (cards === undefined || !CDI.some((path) => existsSync(path))) return [];
  return numbersOf(cards.given, 'cuda').map((number) => `nvidia.com/gpu=${number}`);
}

const failure = (code: ContainerFailure, message: string) => ({ ok: false, code, message, log: '' }) as const;
