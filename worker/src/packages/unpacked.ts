import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { isDiskFull } from '../disk-full.ts';
import { PACKAGES_FOLDER, type Python, pythonModule } from './python-module.ts';

/** Unpacked ones that nobody uses are kept for their next job, the newest so many of them. */
const MOST_KEPT = 4;
const LIMIT_MS = 30 * 60_000;

/** An environment that is used; `release` once its Python is gone. */
export type Unpacked = { folder: string; release(): void };

/**
 * Environments as folders, each unpacked once for all slots of a worker. A program of nobody's unpacks them in a box:
 * what is in them is a stranger's. They are seen read-only by the jobs that bring them, and by nobody else.
 */
export function createUnpacked(options: { folder: string; sandbox: Sandbox; python: Python }) {
  const root = join(options.folder, 'environments');
  const users = new Map<string, number>();
  const unpacking = new Map<string, Promise<void>>();

  const use = (hash: string, by: number): void => {
    users.set(hash, (users.get(hash) ?? 0) + by);
  };
  const evict = async (): Promise<void> => {
    const idle = (await readdir(root)).filter((name) => /^[0-9a-f]{64}$/.test(name) && !users.get(name));
    const aged = await Promise.all(
      idle.map(async (name) => ({ name, at: (await stat(join(root, name))).mtimeMs })),
    );
    const old = aged.sort((a, b) => b.at - a.at).slice(MOST_KEPT);
    for (const { name } of old) {
      // One that somebody began to use meanwhile stays; what goes is out of reach before anybody else may begin.
      if (users.get(name)) continue;
      const gone = join(root, `${name}.${randomUUID()}`);
      renameSync(join(root, name), gone);
      await rm(gone, { recursive: true, force: true });
    }
  };
  const there = async (hash: string, packed: string): Promise<void> => {
    const folder = join(root, hash);
    const now = new Date();
    const found = await utimes(folder, now, now).then(
      () => true,
      () => false,
    );
    if (found) return;
    await mkdir(root, { recursive: true });
    await unpack(options, packed, folder);
    await evict();
  };

  return {
    /** `packed`: a file named `<hash>.tar`. Rejects with a sentence for the owner of the job. */
    async take(packed: string): Promise<Unpacked> {
      const hash = basename(packed, '.tar');
      use(hash, 1);
      const under = unpacking.get(hash) ?? there(hash, packed).finally(() => unpacking.delete(hash));
      unpacking.set(hash, under);
      try {
        await under;
      } catch (error) {
        use(hash, -1);
        throw error;
      }
      return { folder: join(root, hash), release: () => use(hash, -1) };
    },
  };
}

export type UnpackedEnvironments = ReturnType<typeof createUnpacked>;

/** How a chunk ends whose packages cannot be had. */
export type WithoutPackages = { ok: false; code: 'packages-missing'; message: string; log: string };

/** What a chunk uses of `unpacked`. Rejects where the disk is full. */
export async function takePackages(
  unpacked: UnpackedEnvironments,
  packed: string,
): Promise<Unpacked | WithoutPackages> {
  try {
    return await unpacked.take(packed);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: 'packages-missing', message, log: '' };
  }
}

/** The environments of a kind on this worker, which all its slots share: made by the first that needs one. */
export function unpackedForSlots() {
  let made: UnpackedEnvironments | null = null;
  return ({ folder, shared, sandbox }: { folder: string; shared?: string; sandbox: Sandbox }) =>
    (python: Python): UnpackedEnvironments =>
      (made ??= createUnpacked({ folder: shared ?? folder, sandbox, python }));
}

type Options = Parameters<typeof createUnpacked>[0];

async function unpack({ folder, sandbox, python }: Options, packed: string, target: string): Promise<void> {
  const workspace = createWorkspace(sandbox, folder);
  const said = createTail(20, 2_000);
  try {
    await workspace.give(packed, 'environment.tar');
    const path = JSON.stringify(posix.join(workspace.inside.in, 'environment.tar'));
    const limits = { ...defaultLimits(), wallMs: LIMIT_MS };
    const place = { python, sandbox, threads: 1, workspace, limits };
    const child = startChild({
      ...pythonModule(place, {
        folders: [PACKAGES_FOLDER],
        module: 'pilot_packages.install',
        call: `unpack(${path})`,
      }),
      withoutInput: true,
      onStdout: () => {},
      onStderr: (line) => said.add(line),
    });
    const exit = await child.exited;
    if (exit.kind !== 'exited' || exit.code !== 0)
      throw new Error(`The packages of the job could not be unpacked on this worker. ${said.text()}`);
    await rename(join(workspace.folders.work, 'site'), target);
  } finally {
    await workspace.remove();
  }
}
