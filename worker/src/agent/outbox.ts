import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';
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
export type OutboxEntry = { message: OutboxMessage; folder: string };

/**
 * Results on disk from the moment they are there until the farm has committed
 * them. A lease's working folder holds `files/`, where its runner writes; one
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

  /** `work` must be on the file system of `folder`. */
  constructor(folder: string, work: string, log: Log) {
    this.#folder = folder;
    this.#work = work;
    this.#log = log;
  }

  /** Makes the lease's working folder; returns the folder for its runner's files. */
  async prepare(lease: LeaseId): Promise<string> {
    const files = join(this.#work, lease, 'files');
    await mkdir(files, { recursive: true });
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
        entries.push({ message, folder });
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
    return this.#keep({ ...message, type: 'done', files });
  }

  /** Keeps what a chunk left that was to end; without its file it has left nothing. */
  async keepPreempted(
    message: Omit<Extract<OutboxMessage, { type: 'preempted' }>, 'files' | 'type'>,
    checkpoint: OutputFile | undefined,
  ): Promise<OutboxEntry> {
    const file = checkpoint === undefined ? null : await this.#fileOf(message.lease, checkpoint);
    return this.#keep({ ...message, type: 'preempted', files: file === null ? [] : [file] });
  }

  /** Null for one that is not there, or not inside the lease's folder. */
  async #fileOf(lease: LeaseId, { name, path, mediaType }: OutputFile): Promise<OutboxFile | null> {
    const inside = relative(join(this.#work, lease), path);
    const stats = await lstat(path).catch(() => null);
    const outside = inside.startsWith(`..${sep}`) || isAbsolute(inside);
    if (outside || stats === null || !stats.isFile()) return null;
    return { name, mediaType, path: inside.split(sep).join('/'), size: stats.size };
  }

  async keepFailed(message: Omit<Extract<OutboxMessage, { type: 'failed' }>, 'type'>): Promise<OutboxEntry> {
    return this.#keep({ ...message, type: 'failed' });
  }

  async remove(entry: OutboxEntry): Promise<void> {
    await rm(entry.folder, { recursive: true, force: true, maxRetries: 3 }).catch((error) => {
      this.#log.warn({ event: 'outbox.not-removed', lease: entry.message.lease, err: error });
    });
  }

  /** Removes the working folder of a lease that came to nothing. */
  async discard(lease: LeaseId): Promise<void> {
    await rm(join(this.#work, lease), { recursive: true, force: true, maxRetries: 3 }).catch((error) => {
      this.#log.warn({ event: 'outputs.not-removed', lease, err: error });
    });
  }

  async #keep(message: OutboxMessage): Promise<OutboxEntry> {
    const work = join(this.#work, message.lease);
    const kept = join(this.#folder, message.lease);
    try {
      await mkdir(work, { recursive: true });
      await writeFile(join(work, 'message.json'), JSON.stringify(message), { mode: 0o600 });
      await rename(work, kept);
      return { message, folder: kept };
    } catch (error) {
      // A full disk: the result can still be delivered from where it is, it only would not survive this process.
      this.#log.error(
        { event: 'outbox.not-kept', lease: message.lease, err: error },
        `A result could not be kept on disk: ${String(error)}`,
      );
      return { message, folder: work };
    }
  }
}
