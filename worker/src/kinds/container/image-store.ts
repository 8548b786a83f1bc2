import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Image } from '@parallel-pilot/shared/kinds/container/image.ts';
import { CONFIG_INPUT, layerInput } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { execa } from 'execa';
import { pack } from 'tar-stream';
import type { Engine } from './engine.ts';

export type Loaded = { ok: true } | { ok: false; message: string };

/** The farm's images in the engine's store of this machine. */
export type ImageStore = {
  /** Has the engine take the image apart that lies among these inputs, unless it has it. */
  load(image: Image, inputs: string, signal: AbortSignal): Promise<Loaded>;
};

/** So many images are kept, and one that was in use lately in any case: another worker of the machine may be at it. */
const MOST_IMAGES = 20;
const LATELY_MS = 3_600_000;

/** `folder` is where it notes which image was used when. */
export function createImageStore(engine: Engine, folder: string): ImageStore {
  const loading = new Map<string, Promise<Loaded>>();
  const options = { env: engine.env, extendEnv: false, reject: false } as const;
  const has = async (id: string): Promise<boolean> =>
    !(await execa(engine.command, ['image', 'inspect', '--format', '{{.Id}}', id], options)).failed;

  async function loadOnce(image: Image, inputs: string, signal: AbortSignal): Promise<Loaded> {
    const marker = join(folder, image.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(marker, '');
    await utimes(marker, new Date(), new Date());
    if (await has(image.id)) return { ok: true };
    const loader = execa(engine.command, ['load'], {
      ...options,
      ...{ cancelSignal: signal, stdio: ['pipe', 'pipe', 'pipe'] },
    });
    // It ends by itself where it does not like what it is given, and says why.
    await pipeline(archiveOf(image, inputs), loader.stdin as NodeJS.WritableStream).catch(() => {});
    const { failed, stderr } = await loader;
    if (!failed && (await has(image.id))) {
      await evict(engine, folder);
      return { ok: true };
    }
    const why =
      stderr
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^Error:\s*/, '') ?? '';
    return { ok: false, message: `The image could not be unpacked by ${engine.name}. ${why}`.trim() };
  }

  return {
    load(image, inputs, signal) {
      const running = loading.get(image.id);
      if (running !== undefined) return running;
      const own = loadOnce(image, inputs, signal).finally(() => loading.delete(image.id));
      loading.set(image.id, own);
      return own;
    },
  };
}

/** The image as `docker save` would write it, which both engines read. */
function archiveOf(image: Image, inputs: string) {
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

/** Images that nobody used for the longest time are removed. One that a container has stays: the engine refuses. */
async function evict({ command, env }: Engine, folder: string): Promise<void> {
  const ids = await readdir(folder);
  const used = await Promise.all(
    ids.map(async (id) => ({ id, at: (await stat(join(folder, id)).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const old = used
    .sort((a, b) => b.at - a.at)
    .slice(MOST_IMAGES)
    .filter(({ at }) => Date.now() - at > LATELY_MS);
  for (const { id } of old) {
    await execa(command, ['image', 'rm', id], { env, extendEnv: false, reject: false });
    await rm(join(folder, id), { force: true });
  }
}
