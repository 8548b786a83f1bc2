import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import { fullReference } from '@parallel-pilot/shared/kinds/container/image.ts';
import { FETCH, IMAGE_FILE } from '@parallel-pilot/shared/kinds/container/stages.ts';
import type { ChunkProgress, RunnableChunk, RunnerOptions, RunOutcome } from '../kind.ts';
import { makeImage } from './make-image.ts';
import type { Workshop } from './workshop.ts';

type Asked = {
  reference: string;
  chunk: RunnableChunk;
  options: RunnerOptions;
  onProgress(progress: ChunkProgress): void;
  signal: AbortSignal;
};

/** An image in the farm's store of this machine, which stays until `end` is called. */
export type NamedImage = { id: string; end(): Promise<void> };

/**
 * The image of that name: what this worker found when it was first asked for it, from the machine's own images, where its
 * owner lets jobs have them, or else from the registry. Looked up once for all who ask at the same time.
 */
export async function namedImage(
  shop: Workshop,
  asked: Asked,
): Promise<NamedImage | (RunOutcome & { ok: false })> {
  const name = fullReference(asked.reference);
  for (;;) {
    const running = shop.named.get(name);
    const known = await running?.catch(() => null);
    if (known != null) {
      const held = await shop.images.hold(known);
      if (held !== null) return { id: known, end: held.end };
    }
    if (asked.signal.aborted) return failure('canceled', 'It was canceled.');
    // Whoever looked meanwhile is waited for.
    if (shop.named.get(name) !== running) continue;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    shop.named.set(name, promise);
    const found = await lookUp(shop, asked).catch((error: unknown) => {
      resolve(null);
      throw error;
    });
    resolve(typeof found === 'string' ? found : null);
    if (typeof found !== 'string') return found;
  }
}

async function lookUp(
  { engine, newName, unfinished, images }: Workshop,
  { reference, chunk, options, onProgress, signal }: Asked,
): Promise<string | (RunOutcome & { ok: false })> {
  const { threads, limits = defaultLimits() } = options;
  const order = { ...chunk, stage: FETCH, stageSpec: { from: 'reference', reference } };
  const making = {
    engine,
    newName,
    chunk: order,
    threads,
    memoryBytes: limits.memoryBytes,
    onProgress,
    signal,
  };
  const path = join(chunk.outputs, IMAGE_FILE);
  try {
    const made = await unfinished.during('making', (aside, cut) => makeImage({ ...making, aside, cut }));
    if (!made.ok) return made;
    onProgress({ fraction: 0, detail: 'Unpacking the image' });
    const id = await images.loadArchive(path, signal);
    return id ?? failure('not-loaded', `The image "${reference}" could not be unpacked by ${engine.name}.`);
  } finally {
    await rm(path, { force: true });
  }
}

const failure = (code: string, message: string) => ({ ok: false, code, message, log: '' }) as const;
