import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { SourceFiles } from '../../run/plan.ts';
import { SentenceError } from '../../sentence-error.ts';

/** The engine of this machine that has an image of that name; null where none has. */
export async function engineWith(image: string): Promise<string | null> {
  for (const engine of ['podman', 'docker']) {
    const look = ['image', 'inspect', '--format', '{{.Id}}', image];
    const { failed } = await execa(engine, look, { reject: false, timeout: 20_000 });
    if (!failed) return engine;
  }
  return null;
}

/** Writes an image of this machine into the folder. The same image makes the same file, which the farm has then already. */
export async function saveImage(
  engine: string,
  image: string,
  folder: string,
  signal: AbortSignal,
): Promise<SourceFiles> {
  const path = join(folder, 'image.tar');
  const saved = await execa(engine, ['save', '--output', path, image], {
    reject: false,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (saved.failed)
    throw new SentenceError(
      `${engine} could not save the image ${image}: ${saved.stderr.trim().split('\n').at(-1) ?? ''}`,
    );
  return { paths: [path], remove: () => rm(path, { force: true }) };
}
