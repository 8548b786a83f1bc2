import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Image } from '@parallel-pilot/shared/kinds/container/image.ts';
import { CONFIG_INPUT, layerInput } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { pack } from 'tar-stream';

/** The image as `docker save` would write it, which both engines read. */
export function archiveOf(image: Image, inputs: string) {
  const tar = pack();
  void write(tar, image, inputs).catch((error: Error) => tar.destroy(error));
  return tar as unknown as NodeJS.ReadableStream;
}

async function write(tar: ReturnType<typeof pack>, { id, layers }: Image, inputs: string): Promise<void> {
  const names = layers.map((_, index) => `${index}.tar`);
  for (const [index, name] of names.entries()) await addFile(tar, name, join(inputs, layerInput(index)));
  await addFile(tar, `${id}.json`, join(inputs, CONFIG_INPUT));
  const manifest = [{ Config: `${id}.json`, RepoTags: [`${OWN}:${id.slice(0, 12)}`], Layers: names }];
  tar.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  tar.finalize();
}

/** Of no registry: nothing is ever pulled by this name, see RFC 2606. */
const OWN = 'pilot.invalid/image';

async function addFile(tar: ReturnType<typeof pack>, name: string, path: string): Promise<void> {
  const { size } = await stat(path);
  const entry = tar.entry({ name, size });
  await pipeline(createReadStream(path), entry as unknown as NodeJS.WritableStream);
}
