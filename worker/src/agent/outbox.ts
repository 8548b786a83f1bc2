import { readdirSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';
import type { Source } from '../assets/upload.ts';
import type { OutputFile } from '../kinds/kind.ts';
import type { Log } from '../log.ts';

const common = {
  lease: LeaseId,
  signature: z.string(),
  busyMs: z.number().nonnegative(),
  peakMemoryBytes: z.int().nonnegative().default(0),
  log: z.string(),
};

const files = z.array(
  z.object({ name: z.string(), path: z.string(), mediaType: z.string(), size: z.int().nonnegative() }),
);

/** What waits to be reported, as it stands in `<outbox>/<lease>/message.json`. `path` is inside that folder. */
export const OutboxMessage = z.discriminatedUnion('type', [
  z.object({
    ...common,
    type: z.literal('done'),
    openingMs: z.number().nonnegative().default(0),
    result: z.unknown(),
    files,
  }),
  /** Its file is the checkpoint that it left, if it left one. */
  z.object({ ...common, type: z.literal('preempted'), files }),
  z.object({ ...common, type: z.literal('failed'), code: FailureCode, message: z.string() }),
]);
export type OutboxMessage = z.infer<typeof OutboxMessage>;
type OutboxFile = z.infer<typeof files>[number];
export type OutboxEntry = {
  readonly message: OutboxMessage;
  /** Where its files lie that are not held. */
  folder: string;
  /** What small files hold, by their paths. */
  readonly held: ReadonlyMap<string, Buffer>;
  /** Settles when it is on the disk; null for one that is in memory alone. */
  stored: Promise<void> | null;
  timer?: NodeJS.Timeout;
};

/** A result that took no longer, milliseconds, and is held in memory, is sooner made again than it is written to the disk, */
const BRIEF_MS = 1_000;
/** but not when it waits for longer, milliseconds. */
const WAIT_MS = 300;
/** Empty working folders that are kept for the next leases. */
const MOST_SPARE = 16;

/** Where a file of a result is to be had. */
export const sourceOf = ({ held, folder }: OutboxEntry, path: string): Source =>
  held.get(path) ?? join(folder, path);

/**
 * Results on disk from the moment they are there until the farm has committed
 * them; those that were made in no time only once they wait for the farm. A
 * lease's working folder holds `files/`, where its runner writes; one
 * rename moves it into the outbox whole, so an entry is there or is not.
 *
 * Nothing is synced to the medium: what must survive is the death of this
 * process. After a power cut the lease has run out before the machine is up
 * again; sizes are compared then, so that a cut file is never taken for good.
 */
export class Outbox {
  readonly #folder: string;
  readonly #work: string;
  readonly #log: Log;
  /** The working folders of leases. */
  readonly #working = new Map<LeaseId, string>();
  readonly #spare: string[] = [];

  /** `work` must be on the file system of `folder`. */
  constructor(folder: string, work: string, log: Log) {
    this.#folder = folder;
    this.#work = work;
    this.#log = log;
  }

  /** Makes the lease's working folder; returns the folder for its runner's files. */
  async prepare(lease: LeaseId): Promise<string> {
    const folder = this.#spare.pop() ?? join(this.#work, lease);
    const files = join(folder, 'files');
    // One that was used before is there already.
    if (folder === join(this.#work, lease)) await mkdir(files, { recursive: true });
    this.#working.set(lease, folder);
    return files;
  }

  /** What an earlier process left undelivered. Entries that cannot be read or whose files were cut are removed. */
  async recover(): Promise<OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    for (const name of await readdir(this.#folder)) {
      const folder = join(this.#folder, name);
      try {
        const message = OutboxMessage.parse(JSON.parse(await readFile(join(folder, 'message.json'), 'utf8')));
        for (const file of message.type === 'failed' ? [] : message.files) {
          const { size } = await lstat(join(folder, file.path));
          if (size !== file.size) throw new Error(`${file.name} has ${size} bytes instead of ${file.size}`);
        }
        entries.push({ message, folder, held: new Map(), stored: Promise.resolve() });
      } catch (error) {
        this.#log.warn(
          { event: 'outbox.damaged', entry: name, err: error },
          'A result left from before is damaged; it will be made again.',
        );
        await rm(folder, { recursive: true, force: true });
      }
    }
    return entries;
  }

  /** Keeps a result. A file that is not there, or not inside the lease's folder, makes it a failure. */
  async keepDone(
    message: Omit<Extract<OutboxMessage, { type: 'done' }>, 'files' | 'type'>,
    outputs: readonly OutputFile[],
  ): Promise<OutboxEntry> {
    const files: OutboxFile[] = [];
    for (const output of outputs) {
      const file = await this.#fileOf(message.lease, output);
      if (file === null) {
        const { lease, signature, busyMs, peakMemoryBytes, log } = message;
        const why = `The work ended well, but its file "${output.name}" is not there.`;
        return this.keepFailed({
          lease,
          signature,
          busyMs,
          peakMemoryBytes,
          log,
          code: 'no-output',
          message: why,
        });
      }
      files.push(file);
    }
    const entry = this.#entry({ ...message, type: 'done', files }, outputs);
    if (message.busyMs < BRIEF_MS && entry.held.size === files.length) {
      entry.timer = setTimeout(() => void this.store(entry), WAIT_MS).unref();
    } else await this.store(entry);
    return entry;
  }

  /** Keeps what a chunk left that was to end; without its file it has left nothing. */
  async keepPreempted(
    message: Omit<Extract<OutboxMessage, { type: 'preempted' }>, 'files' | 'type'>,
    checkpoint: OutputFile | undefined,
  ): Promise<OutboxEntry> {
    const file = checkpoint === undefined ? null : await this.#fileOf(message.lease, checkpoint);
    const files = file === null ? [] : [file];
    const outputs = checkpoint === undefined ? [] : [checkpoint];
    return this.#keep({ ...message, type: 'preempted', files }, outputs);
  }

  /** Null for one that is not there, or not inside the lease's folder. */
  async #fileOf(lease: LeaseId, { name, path, mediaType, bytes }: OutputFile): Promise<OutboxFile | null> {
    const inside = this.#inside(lease, path);
    if (inside === null) return null;
    if (bytes !== undefined) return { name, mediaType, path: inside, size: bytes.length };
    const stats = await lstat(path).catch(() => null);
    if (stats === null || !stats.isFile()) return null;
    return { name, mediaType, path: inside, size: stats.size };
  }

  #inside(lease: LeaseId, path: string): string | null {
    const inside = relative(this.#folderOf(lease), path);
    return inside.startsWith(`..${sep}`) || isAbsolute(inside) ? null : inside.split(sep).join('/');
  }

  #folderOf(lease: LeaseId): string {
    return this.#working.get(lease) ?? join(this.#work, lease);
  }

  async keepFailed(message: Omit<Extract<OutboxMessage, { type: 'failed' }>, 'type'>): Promise<OutboxEntry> {
    return this.#keep({ ...message, type: 'failed' });
  }

  /** Has it on the disk, to be found by the next process. */
  store(entry: OutboxEntry): Promise<void> {
    clearTimeout(entry.timer);
    entry.stored ??= this.#write(entry);
    return entry.stored;
  }

  async remove(entry: OutboxEntry): Promise<void> {
    clearTimeout(entry.timer);
    if (entry.stored === null) return this.discard(entry.message.lease);
    await entry.stored;
    await rm(entry.folder, { recursive: true, force: true, maxRetries: 3 }).catch((error) => {
      this.#log.warn({ event: 'outbox.not-removed', lease: entry.message.lease, err: error });
    });
  }

  /** Lets the working folder of a lease go that has left nothing there, or nothing that is wanted. */
  async discard(lease: LeaseId): Promise<void> {
    const folder = this.#folderOf(lease);
    const prepared = this.#working.delete(lease);
    if (prepared && this.#spare.length < MOST_SPARE && isEmpty(join(folder, 'files'))) {
      this.#spare.push(folder);
      return;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((error) => {
      this.#log.warn({ event: 'outputs.not-removed', lease, err: error });
    });
  }

  async #keep(message: OutboxMessage, outputs: readonly OutputFile[] = []): Promise<OutboxEntry> {
    const entry = this.#entry(message, outputs);
    await this.store(entry);
    return entry;
  }

  #entry(message: OutboxMessage, outputs: readonly OutputFile[]): OutboxEntry {
    const held = new Map<string, Buffer>();
    for (const { path, bytes } of outputs) {
      const inside = this.#inside(message.lease, path);
      if (bytes !== undefined && inside !== null) held.set(inside, bytes);
    }
    return { message, folder: this.#folderOf(message.lease), held, stored: null };
  }

  async #write(entry: OutboxEntry): Promise<void> {
    const { message, held, folder } = entry;
    const kept = join(this.#folder, message.lease);
    this.#working.delete(message.lease);
    try {
      await mkdir(folder, { recursive: true });
      for (const [path, bytes] of held) await writeFile(join(folder, path), bytes, { mode: 0o600 });
      await writeFile(join(folder, 'message.json'), JSON.stringify(message), { mode: 0o600 });
      await rename(folder, kept);
      entry.folder = kept;
    } catch (error) {
      // A full disk: the result can still be delivered from where it is, it only would not survive this process.
      this.#log.error(
        { event: 'outbox.not-kept', lease: message.lease, err: error },
        `A result could not be kept on disk: ${String(error)}`,
      );
    }
  }
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    return false;
  }
}
