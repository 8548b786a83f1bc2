import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { BlockWriter, blocksOf, letGo } from '@parallel-pilot/shared/files/blocks.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { send } from './http.ts';

/** How one attempt at a download ended. All but `damaged` keep what has come so far. */
export type Attempt =
  | { kind: 'complete' }
  /** The server will not give it to this lease: absent, or the lease has ended. */
  | { kind: 'refused'; status: number }
  /** Network or server trouble, to be tried again. */
  | { kind: 'again'; message: string }
  /** All bytes came, and they are not those that were named. */
  | { kind: 'damaged' }
  | { kind: 'disk-full' }
  | { kind: 'disk-error'; message: string };

/**
 * One file coming in, piece by piece over as many attempts as it takes; each
 * goes on where the last one stopped, also in a new process.
 */
export class PartialFile {
  readonly #path: string;
  readonly #blob: { hash: BlobHash; size: number };
  #sum: Hash = createHash('sha256');
  #have: number | null = null;

  constructor(path: string, blob: { hash: BlobHash; size: number }) {
    this.#path = path;
    this.#blob = blob;
  }

  /** Bytes that are here so far. */
  get have(): number {
    return this.#have ?? 0;
  }

  async attempt(url: URL, signal: AbortSignal): Promise<Attempt> {
    let file: FileHandle | undefined;
    try {
      if (this.#have === null) await this.#takeUp();
      file = await open(this.#path, this.have > 0 ? 'r+' : 'w');
      return await this.#receive(file, url, signal);
    } catch (error) {
      return diskTrouble(error);
    } finally {
      await file?.close().catch(() => {});
    }
  }

  /** Starts over at the next attempt. */
  async discard(): Promise<void> {
    this.#have = 0;
    this.#sum = createHash('sha256');
    await rm(this.#path, { force: true });
  }

  async #takeUp(): Promise<void> {
    this.#have = 0;
    const stats = await lstat(this.#path).catch(() => null);
    if (stats === null || !stats.isFile() || stats.size > this.#blob.size) return;
    for await (const block of blocksOf(this.#path, stats.size)) this.#took(block);
  }

  #took(block: Buffer): void {
    this.#sum.update(block);
    this.#have = this.have + block.length;
  }

  async #receive(file: FileHandle, url: URL, signal: AbortSignal): Promise<Attempt> {
    const { size } = this.#blob;
    // An empty file has no range to ask for, and a whole one no rest.
    if (this.have < size) {
      const headers: Record<string, string> = this.have > 0 ? { range: `bytes=${this.have}-` } : {};
      const response = await send({ method: 'GET', url, headers, signal }).catch((error: Error) => error);
      if (response instanceof Error) return { kind: 'again', message: response.message };
      const trouble = await this.#checkStatus(file, response);
      if (trouble !== null) {
        response.destroy();
        return trouble;
      }
      const broken = await this.#store(file, response);
      if (broken !== null) return broken;
    }
    return { kind: this.#sum.copy().digest('hex') === this.#blob.hash ? 'complete' : 'damaged' };
  }

  async #checkStatus(file: FileHandle, response: IncomingMessage): Promise<Attempt | null> {
    const status = response.statusCode ?? 0;
    if (status === 206 && this.have > 0) {
      const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
      if (Number(start) === this.have) return null;
      return { kind: 'again', message: 'the farm sent another part of the file than was asked for' };
    }
    if (status === 200) {
      if (this.have > 0) await file.truncate(0);
      this.#have = 0;
      this.#sum = createHash('sha256');
      return null;
    }
    if (status === 416) return { kind: 'damaged' };
    if (status >= 500 || status === 408 || status === 429)
      return { kind: 'again', message: `HTTP ${status}` };
    return { kind: 'refused', status };
  }

  async #store(file: FileHandle, response: IncomingMessage): Promise<Attempt | null> {
    letGoOfRead(response);
    const pieces: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    const left = this.#blob.size - this.have;
    const writer = new BlockWriter(file, { at: this.have, size: left, onWritten: (it) => this.#took(it) });
    for (let come = 0; ; ) {
      const next = await pieces.next().catch((error: Error) => error);
      if (next instanceof Error) {
        await writer.flush();
        return { kind: 'again', message: next.message };
      }
      if (next.done) break;
      come += next.value.length;
      if (come > left) {
        response.destroy();
        return { kind: 'damaged' };
      }
      await writer.add(next.value);
      letGo(next.value);
    }
    await writer.flush();
    return this.have < this.#blob.size ? { kind: 'again', message: 'the file was cut short' } : null;
  }
}

/** Of what a socket reads, the parser before us has copied what is the body: half of what a collector would find. */
function letGoOfRead(response: IncomingMessage): void {
  const { socket } = response;
  socket.on('data', letGo);
  response.once('close', () => socket.off('data', letGo));
}

function diskTrouble(error: unknown): Attempt {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'disk-full' };
  return { kind: 'disk-error', message };
}
