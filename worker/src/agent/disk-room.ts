import { statfs } from 'node:fs/promises';
import type { Log } from '../log.ts';

/** Bytes that must be free before a worker whose disk was full takes work again: room for a result or two. */
const ENOUGH_BYTES = 64 * 1024 ** 2;
const LOOK_MS = 1_000;

/**
 * Whether this worker's disk is full. A full disk is no fault of the chunk that
 * met it: while it lasts the worker takes no work, and it goes on by itself.
 */
export type DiskRoom = {
  readonly full: boolean;
  /** Looks at the disk now. */
  isFull(): Promise<boolean>;
  /** Something met a full disk just now. */
  report(): void;
  close(): void;
};

/** Bytes that are free for a user on the disk that holds a folder. */
export type FreeBytes = (folder: string) => Promise<number>;

export function watchDiskRoom(folder: string, log: Log, freeBytes: FreeBytes = freeBytesOfDisk): DiskRoom {
  let timer: NodeJS.Timeout | undefined;
  const isFull = async (): Promise<boolean> => (await freeBytes(folder)) < ENOUGH_BYTES;
  const measure = async (): Promise<void> => {
    if (await isFull()) return;
    clearInterval(timer);
    timer = undefined;
    log.info({ event: 'disk.room' }, 'There is disk space again; taking work.');
  };
  return {
    get full() {
      return timer !== undefined;
    },
    isFull,
    report() {
      if (timer !== undefined) return;
      log.warn(
        { event: 'disk.full', folder },
        `The disk that holds ${folder} is full. The work goes back to the farm; free some space and this worker goes on by itself.`,
      );
      timer = setInterval(() => void measure().catch(() => undefined), LOOK_MS);
    },
    close: () => clearInterval(timer),
  };
}

export async function freeBytesOfDisk(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
