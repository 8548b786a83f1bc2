import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Sandbox, Workspace } from '../sandbox.ts';
import { INSIDE } from './bubblewrap.ts';
import { removeFolder } from './remove-folder.ts';
import { claimFile, loadFile, moveFile, takeFile } from './take-file.ts';

let made = 0;

/** Makes a workspace below `parent`, a folder of the worker's. Throws what the file system throws. */
export function createWorkspace(sandbox: Sandbox, parent: string): Workspace {
  made += 1;
  const root = join(parent, `child-${process.pid}-${made}`);
  const inRoot = (name: string): string => join(root, name);
  const folders = { in: inRoot('in'), work: inRoot('work'), tmp: inRoot('tmp'), shm: inRoot('shm') };
  const sandboxed = sandbox.level === 'bubblewrap';
  const uid = sandboxed && sandbox.host.setpriv !== null ? takeUid() : null;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  mkdirSync(folders.in);
  chmodSync(folders.in, 0o755);
  for (const folder of [folders.work, folders.tmp, folders.shm]) {
    mkdirSync(folder);
    // bubblewrap enters the folder before it becomes the child's user. `root` keeps everyone else out.
    chmodSync(folder, 0o755);
    if (uid !== null) chownSync(folder, uid, uid);
  }
  return {
    folders,
    inside: sandboxed ? INSIDE : folders,
    uid,
    fill: (inputs) => fill(inputs, folders.in, uid !== null),
    give: (file, name) => give(file, join(folders.in, name), uid !== null),
    take: (name, target, maxBytes) => takeFile(folders.work, name, target, maxBytes),
    load: (name, target, maxBytes) => loadFile(folders.work, name, target, maxBytes),
    move: (name, target) => moveFile(folders.work, name, target),
    claim: (name, target, maxBytes) => claimFile(folders.work, name, target, maxBytes),
    discard: async (name) => discard(join(folders.work, name)),
    async remove() {
      await removeFolder(root);
      if (uid !== null) taken.delete(uid);
    },
  };
}

/** Ids from here on up to 0x7ffdffff are given to nobody: https://systemd.io/UIDS-GIDS/ */
const FIRST_UID = 0x7000_0000;
/** A slot has up to two children, and a decoder. */
const UIDS_PER_WORKER = 1_000;

const taken = new Set<number>();
let lastOrdinal = 0;

/** At once: a program waits for it, and asking Node's thread pool takes several times as long. */
function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is not there, or a folder.
  }
}

/**
 * RLIMIT_NPROC counts a user's processes on the whole machine, so no two children are the same user: one is given
 * again when its workspace is gone, and then as late as can be.
 */
function takeUid(): number {
  for (let tries = 0; tries < UIDS_PER_WORKER; tries += 1) {
    lastOrdinal = (lastOrdinal + 1) % UIDS_PER_WORKER;
    const uid = childUid(process.pid, lastOrdinal);
    if (taken.has(uid)) continue;
    taken.add(uid);
    return uid;
  }
  throw new Error(`more than ${UIDS_PER_WORKER} children at a time`);
}

export const childUid = (pid: number, ordinal: number): number =>
  FIRST_UID + (pid % 2 ** 18) * UIDS_PER_WORKER + ordinal;

/** So many files are given without a turn for others. */
const AT_ONCE = 100;

/** At once, as a program waits for it: see `discard`. */
async function fill(from: string, to: string, forOthers: boolean): Promise<void> {
  const entries = readdirSync(from, { withFileTypes: true, recursive: true });
  for (const [index, entry] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await turn();
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    const made = mkdirSync(dirname(target), { recursive: true });
    if (made !== undefined && forOthers) openFolders(made, dirname(target));
    await give(source, target, forOthers);
  }
}

async function give(file: string, target: string, forOthers: boolean): Promise<void> {
  await linkOrCopy(file, target);
  if (forOthers) openFile(target);
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EEXIST') throw error;
    await copyFile(from, to);
  }
}

/**
 * The child is another user than the worker. A linked file is the cache's own,
 * and becomes readable to all there too: the folders around it stay closed.
 */
function openFile(path: string): void {
  const { mode } = lstatSync(path);
  if ((mode & 0o004) === 0) chmodSync(path, (mode & 0o777) | 0o444);
}

function openFolders(top: string, bottom: string): void {
  for (let at = bottom; at.length >= top.length; at = dirname(at)) chmodSync(at, 0o755);
}
