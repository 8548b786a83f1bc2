import { readdir, readFile, readlink, stat } from 'node:fs/promises';

/** Bytes of files that processes hold although they have no name any more; `memory`: those made by memfd_create(2). */
export type Unnamed = { disk: number; memory: number };

const TOO_MUCH: Unnamed = { disk: Number.POSITIVE_INFINITY, memory: 0 };

/** Of the lists of memory mappings, which are long, only every fourth look reads them. */
const MAPPINGS_EVERY = 4;

/**
 * Looks again and again for what processes hold open or mapped and no folder
 * shows. Not found: what is under way between two processes, in the queue of a
 * socket. Whoever hides its files, as a process can by prctl(PR_SET_DUMPABLE),
 * counts as having too many: no honest program of a job does.
 */
export function createUnnamedFiles(): (pids: readonly number[]) => Promise<Unnamed> {
  let mapped: Found[] = [];
  let looks = 0;
  return async (pids) => {
    if (looks % MAPPINGS_EVERY === 0) mapped = (await Promise.all(pids.map(mappedFiles))).flat();
    looks += 1;
    const open = await Promise.all(pids.map(openFiles));
    if (open.includes(null)) return TOO_MUCH;
    return sumOf([...mapped, ...open.flatMap((it) => it ?? [])]);
  };
}

/** A file that several have counts once: as an open one exactly, as a mapped one perhaps by the end of what is mapped of it. */
function sumOf(files: readonly Found[]): Unnamed {
  const largest = new Map<string, Held>();
  for (const { file, held } of files) {
    if ((largest.get(file)?.bytes ?? 0) < held.bytes) largest.set(file, held);
  }
  const sum = (inMemory: boolean): number =>
    [...largest.values()].reduce((all, it) => all + (it.inMemory === inMemory ? it.bytes : 0), 0);
  return { disk: sum(false), memory: sum(true) };
}

type Held = { bytes: number; inMemory: boolean };
type Found = { file: string; held: Held };

/** Null when they may not be seen. */
async function openFiles(pid: number): Promise<Found[] | null> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    return error.code === 'EACCES' || error.code === 'EPERM' ? null : [];
  });
  if (names === null) return null;
  return (await Promise.all(names.map((name) => statFile(`${folder}/${name}`)))).flat();
}

async function statFile(path: string): Promise<Found[]> {
  const file = await stat(path).catch(() => null);
  if (file === null || !file.isFile() || file.nlink > 0) return [];
  const inMemory = (await readlink(path).catch(() => '')).startsWith(MEMFD);
  return [{ file: `${file.dev}:${file.ino}`, held: { bytes: file.blocks * 512, inMemory } }];
}

/** As paths of nothing else begin: the child can write nowhere in the root folder. */
const MEMFD = '/memfd:';
/** Shared memory without a file, which counts as its processes' memory. */
const SHARED = /^\/(dev\/zero|SYSV[0-9a-f]+) \(deleted\)$/;
const DELETED = ' (deleted)';
/** A line of proc_pid_maps(5). */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) +(.*)$/;

async function mappedFiles(pid: number): Promise<Found[]> {
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '');
  if (!maps.includes(DELETED)) return [];
  const lines = maps.split('\n').filter((line) => line.endsWith(DELETED));
  return (await Promise.all(lines.map((line) => lookAtMapping(pid, line)))).flat();
}

async function lookAtMapping(pid: number, line: string): Promise<Found[]> {
  const [, from = '', to = '', offset = '', major = '', minor = '', inode = '', path = ''] =
    MAPPING.exec(line) ?? [];
  if (from === '' || SHARED.test(path)) return [];
  // For root alone; others know no more than how far into the file the mapping reaches.
  const exactly = await statFile(`/proc/${pid}/map_files/${from}-${to}`);
  if (exactly.length > 0) return exactly;
  const bytes = hex(offset) + hex(to) - hex(from);
  return [
    {
      file: `${device(hex(major), hex(minor))}:${inode}`,
      held: { bytes, inMemory: path.startsWith(MEMFD) },
    },
  ];
}

const hex = (digits: string): number => Number.parseInt(digits, 16);

/** As stat(2) tells it; see makedev(3). */
const device = (major: number, minor: number): number =>
  (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
