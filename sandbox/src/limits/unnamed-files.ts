import {
  closeSync,
  type Dir,
  opendirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { attempt, hasMemory } from './process-tree.ts';

/**
 * Bytes of what processes hold although no folder shows it. `memory`: files made by memfd_create(2), and what lies
 * in the queues of sockets, as much as they can hold.
 */
export type Unnamed = { disk: number; memory: number };

/** They are more than can be looked at, again and again, beside everything else that this process does. */
class TooMany extends Error {}

/** Of all processes together. A program with many readers has some thousands open. */
const MOST_OPEN = 16_384;
/** Bytes of their lists of memory mappings, of which each line may have a path of 4 kB; one of a large program has 200 kB. */
const MOST_LISTED = 64 * 1024 ** 2;
const MOST_MAPPED = 16_384;

/** Of the lists of memory mappings, which are long, only every fourth look reads them. */
const MAPPINGS_EVERY = 4;
/** What is asked at once, between two turns of everything else that this process does. */
const AT_ONCE = 64;

/**
 * Looks again and again for what processes hold open or mapped and no folder
 * shows. Not found: what is under way between two processes, in the queue of a
 * socket. Null where there are too many. Whoever hides its files, as a process
 * can by prctl(PR_SET_DUMPABLE), counts as having too many: no honest program
 * of a job does. `closesItself` names one that is no stranger's and may do so, where there is one: what it
 * hides is not counted, and what it forks may be closed for a moment as well. Root sees everything anyway.
 */
export function createUnnamedFiles(
  closesItself: ((pid: number) => boolean) | null,
): (pids: readonly number[]) => Promise<Unnamed | null> {
  let mapped = new Map<string, Held>();
  let looks = 0;
  return async (pids) => {
    try {
      if (looks % MAPPINGS_EVERY === 0) mapped = await mappedFiles(pids);
      looks += 1;
      return sumOf(mapped, await openFiles(pids, closesItself));
    } catch (error) {
      if (error instanceof TooMany) return null;
      throw error;
    }
  };
}

type Held = { bytes: number; inMemory: boolean };

/** A file that several have counts once: as an open one exactly, as a mapped one perhaps by the end of what is mapped of it. */
function keepLargest(files: Map<string, Held>, file: string, held: Held): void {
  if ((files.get(file)?.bytes ?? 0) < held.bytes) files.set(file, held);
}

function sumOf(mapped: ReadonlyMap<string, Held>, open: ReadonlyMap<string, Held>): Unnamed {
  const largest = new Map(open);
  for (const [file, held] of mapped) keepLargest(largest, file, held);
  let [disk, memory] = [0, 0];
  for (const { bytes, inMemory } of largest.values()) {
    if (inMemory) memory += bytes;
    else disk += bytes;
  }
  return { disk, memory };
}

async function openFiles(
  pids: readonly number[],
  closesItself: ((pid: number) => boolean) | null,
): Promise<Map<string, Held>> {
  const found = new Map<string, Held>();
  const open = descriptorFolders(closesItself);
  let count = 0;
  for (const pid of pids) {
    const folder = await open(pid);
    if (folder === null) continue;
    try {
      for (const path of descriptors(pid, folder)) {
        count += 1;
        if (count > MOST_OPEN) throw new TooMany();
        const it = statFile(path);
        if (it !== null) keepLargest(found, it.file, it.held);
        if (count % AT_ONCE === 0) await turn();
      }
    } finally {
      folder.closeSync();
    }
  }
  return found;
}

/** How often, over all processes, one look tries again where a fork may be closed for a moment. */
const MOST_TRIES = 20;
const TRY_AGAIN_MS = 25;

type OpenFolder = (pid: number) => Promise<Dir | null>;

/** For one look. Opens /proc/PID/fd; null when there is nothing to count. */
function descriptorFolders(closesItself: ((pid: number) => boolean) | null): OpenFolder {
  let tries = closesItself === null ? 0 : MOST_TRIES;
  return async (pid) => {
    while (true) {
      const folder = openFolder(pid);
      if (folder !== 'closed') return folder;
      if (!hasMemory(pid) || closesItself?.(pid)) return null;
      if (tries === 0) throw new TooMany();
      tries -= 1;
      await pause(TRY_AGAIN_MS);
    }
  };
}

function openFolder(pid: number): Dir | null | 'closed' {
  try {
    return opendirSync(`/proc/${pid}/fd`, { bufferSize: 256 });
  } catch (error) {
    return ['EACCES', 'EPERM'].includes(codeOf(error)) ? 'closed' : null;
  }
}

function* descriptors(pid: number, folder: Dir): Generator<string> {
  try {
    for (let it = folder.readSync(); it !== null; it = folder.readSync()) yield `/proc/${pid}/fd/${it.name}`;
  } catch (error) {
    // The process ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes(codeOf(error))) return;
    throw error;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

function statFile(path: string): { file: string; held: Held } | null {
  const it = attempt(() => statSync(path));
  if (it === null) return null;
  const file = `${it.dev}:${it.ino}`;
  if (it.isSocket()) return { file, held: { bytes: SOCKET_BYTES, inMemory: true } };
  if (it.isFIFO()) return { file, held: { bytes: PIPE_BYTES, inMemory: true } };
  if (!it.isFile() || it.nlink > 0) return null;
  const inMemory = (attempt(() => readlinkSync(path)) ?? '').startsWith(MEMFD);
  return { file, held: { bytes: it.blocks * 512, inMemory } };
}

/** All pipes of a user that are larger have 64 MB together; see pipe(7). */
const PIPE_BYTES = 65_536;
/** What a socket of files holds at most; the filter of system calls lets nobody ask for more. See socket(7). */
const SOCKET_BYTES = readNumber('/proc/sys/net/core/wmem_default') ?? 212_992;

function readNumber(path: string): number | null {
  try {
    return Number(readFileSync(path, 'latin1'));
  } catch {
    return null;
  }
}

/** As paths of nothing else begin: the child can write nowhere in the root folder. */
const MEMFD = '/memfd:';
/** Shared memory without a file, which counts as its processes' memory. */
const SHARED = /^\/(dev\/zero|SYSV[0-9a-f]+) \(deleted\)$/;
const DELETED = ' (deleted)';
/** A line of proc_pid_maps(5). */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) +(.*)$/;

async function mappedFiles(pids: readonly number[]): Promise<Map<string, Held>> {
  const mappings = new Map<string, Held & { by: string }>();
  let listed = 0;
  for (const pid of pids) {
    // Piece by piece: a list can be larger than what this process may hold.
    for (const piece of piecesOf(`/proc/${pid}/maps`)) {
      listed += piece.length;
      for (const line of piece.includes(DELETED) ? piece.split('\n') : []) {
        const mapping = line.endsWith(DELETED) ? readMapping(pid, line) : null;
        if (mapping !== null && (mappings.get(mapping.file)?.bytes ?? 0) < mapping.held.bytes)
          mappings.set(mapping.file, mapping.held);
      }
      if (listed > MOST_LISTED || mappings.size > MOST_MAPPED) throw new TooMany();
      await turn();
    }
  }
  const found = new Map<string, Held>();
  for (const [file, { by, ...held }] of mappings) {
    // For root alone; others know no more than how far into the file the mapping reaches.
    const exactly = statFile(by);
    if (exactly === null) keepLargest(found, file, held);
    else keepLargest(found, exactly.file, exactly.held);
  }
  return found;
}

/** What is read of a list at once: the kernel tells no more than a page of it at a time. */
const PIECE = 65_536;

/** The file's text, cut between two lines. A process that has ended has none. */
function* piecesOf(path: string): Generator<string> {
  const file = attempt(() => openSync(path, 'r'));
  if (file === null) return;
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    let held = '';
    for (let ended = false; !ended; ) {
      const read = fill(file, buffer);
      ended = read < PIECE;
      held += buffer.toString('latin1', 0, read);
      const cut = ended ? held.length : held.lastIndexOf('\n') + 1;
      yield held.slice(0, cut);
      held = held.slice(cut);
    }
  } finally {
    closeSync(file);
  }
}

/** Reads until the buffer is full, or the file at its end. */
function fill(file: number, buffer: Buffer): number {
  let filled = 0;
  while (filled < buffer.length) {
    // It may end meanwhile.
    const read = attempt(() => readSync(file, buffer, filled, buffer.length - filled, null)) ?? 0;
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

function readMapping(pid: number, line: string): { file: string; held: Held & { by: string } } | null {
  const [, from = '', to = '', offset = '', major = '', minor = '', inode = '', path = ''] =
    MAPPING.exec(line) ?? [];
  if (from === '' || SHARED.test(path)) return null;
  const bytes = hex(offset) + hex(to) - hex(from);
  const by = `/proc/${pid}/map_files/${from}-${to}`;
  return {
    file: `${device(hex(major), hex(minor))}:${inode}`,
    held: { bytes, inMemory: path.startsWith(MEMFD), by },
  };
}

const hex = (digits: string): number => Number.parseInt(digits, 16);

/** As stat(2) tells it; see makedev(3). */
const device = (major: number, minor: number): number =>
  (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
