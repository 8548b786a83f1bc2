import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Image } from '@parallel-pilot/shared/kinds/container/image.ts';
import { execa } from 'execa';
import type { Engine } from './engine.ts';
import { archiveOf } from './image-archive.ts';
import type { ImageUsers } from './image-users.ts';
import type { Unfinished } from './unfinished.ts';

/** `end` is called once the image is needed no more: until then it stays. */
export type Loaded = { ok: true; end(): Promise<void> } | { ok: false; message: string };

/** The farm's images in the engine's store of this machine. */
export type ImageStore = {
  /** Has the engine take the image apart that lies among these inputs, unless it has it. */
  load(image: Image, inputs: string, signal: AbortSignal): Promise<Loaded>;
};

/** So many images are kept, whatever they take. */
const MOST_IMAGES = 20;

/** `folder` is where it notes which image was used when, and by whom; `limitBytes` is what all may take. */
export type StoreOptions = { folder: string; limitBytes: number };

export function createImageStore(
  engine: Engine,
  { users, unfinished }: { users: ImageUsers; unfinished: Unfinished },
  { folder, limitBytes }: StoreOptions,
): ImageStore {
  const used = join(folder, 'used');
  const loading = new Map<string, Promise<string | null>>();
  const options = { env: engine.env, extendEnv: false, reject: false } as const;
  const has = async (id: string): Promise<boolean> =>
    !(await execa(engine.command, ['image', 'inspect', '--format', '{{.Id}}', id], options)).failed;

  /** Why it could not be, as a sentence; null once it is there. */
  async function loadOnce(image: Image, inputs: string, signal: AbortSignal): Promise<string | null> {
    if (await has(image.id)) return null;
    const { failed, stderr } = await unfinished.during('loaded', async (aside, cut) => {
      const loader = execa(engine.command, ['load'], {
        ...options,
        env: { ...engine.env, ...aside },
        ...{ cancelSignal: signal, stdio: ['pipe', 'pipe', 'pipe'] },
      });
      // It ends by itself where it does not like what it is given, and says why.
      await pipeline(archiveOf(image, inputs), loader.stdin as NodeJS.WritableStream).catch(() => {});
      const ended = await loader;
      if (ended.isTerminated) cut();
      return ended;
    });
    if (!failed && (await has(image.id))) {
      await evict(engine, { users, used, limitBytes });
      return null;
    }
    const [last = ''] = stderr.trim().split('\n').slice(-1);
    const why = last.replace(/^Error:\s*/, '');
    return `The image could not be unpacked by ${engine.name}. ${why}`.trim();
  }

  /** The image, and the store that it lies in. */
  async function useBoth(id: string): Promise<{ end(): Promise<void> }> {
    const all = [await users.use('loaded'), await users.use(id)];
    return {
      async end() {
        for (const one of all) await one.end();
      },
    };
  }

  return {
    async load(image, inputs, signal) {
      const user = await useBoth(image.id);
      try {
        await note(used, image.id);
        const running = loading.get(image.id) ?? loadOnce(image, inputs, signal);
        loading.set(image.id, running);
        const message = await running.finally(() => loading.delete(image.id));
        if (message === null) return { ok: true, end: user.end };
        await user.end();
        return { ok: false, message };
      } catch (error) {
        await user.end();
        throw error;
      }
    },
  };
}

/** That it is used now. */
async function note(folder: string, id: string): Promise<void> {
  const marker = join(folder, id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(marker, '');
  await utimes(marker, new Date(), new Date());
}

type Kept = { users: ImageUsers; used: string; limitBytes: number };

/**
 * Images that nobody used for the longest time are removed until the others are few and small enough. Layers that several
 * share count for each of them. One that is in use stays.
 */
async function evict({ command, env }: Engine, { users, used, limitBytes }: Kept): Promise<void> {
  const options = { env, extendEnv: false, reject: false } as const;
  const noted = await Promise.all(
    (await readdir(used)).map(async (id) => ({
      id,
      at: (await stat(join(used, id)).catch(() => null))?.mtimeMs ?? 0,
    })),
  );
  const newest = noted.sort((a, b) => b.at - a.at).map(({ id }) => id);
  const format = '{{.Id}} {{.Size}}';
  const { stdout } = await execa(command, ['image', 'inspect', '--format', format, ...newest], options);
  const sizes = sizesIn(stdout);
  for (const id of surplus(newest, sizes, limitBytes))
    await users.unlessUsed(id, async () => {
      const gone = await execa(command, ['image', 'rm', id], options);
      // One that a container has is refused, and stays noted.
      if (!gone.failed || !sizes.has(id)) await rm(join(used, id), { force: true });
    });
}

const sizesIn = (stdout: string): Map<string, number> =>
  new Map(
    stdout.split('\n').flatMap((line) => {
      const [, id, size] = /^(?:sha256:)?([0-9a-f]{64}) (\d+)$/.exec(line.trim()) ?? [];
      return id === undefined ? [] : [[id, Number(size)] as const];
    }),
  );

/** Those that go, of images from the one that was used last on; `sizes` in bytes, of those that are there. */
export function surplus(
  newest: readonly string[],
  sizes: ReadonlyMap<string, number>,
  limitBytes: number,
): string[] {
  let [bytes, count] = [0, 0];
  return newest.filter((id) => {
    const size = sizes.get(id);
    if (size === undefined) return true;
    if (count < MOST_IMAGES && bytes + size <= limitBytes) {
      bytes += size;
      count += 1;
      return false;
    }
    return true;
  });
}
