import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { type OwnerTerms, parseLending } from '../lending-text.ts';
import type { Log } from '../log.ts';

/** An owner's file with what is lent, which may be changed while the worker runs. */
export class LendingFile {
  readonly #path: string;
  readonly #log: Log;
  #seen = '';

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Rejects with a sentence where it cannot be read. */
  async read(): Promise<OwnerTerms> {
    try {
      this.#seen = await this.#stamp();
      return parseLending(await readFile(this.#path, 'utf8'));
    } catch (error) {
      throw new Error(`What is lent cannot be read from ${this.#path}: ${reasonOf(error)}`);
    }
  }

  /** Null where it is as it was. What cannot be read changes nothing: what was read before holds. */
  async readAgain(): Promise<OwnerTerms | null> {
    const stamp = await this.#stamp().catch(() => 'gone');
    if (stamp === this.#seen) return null;
    this.#seen = stamp;
    try {
      const terms = await this.read();
      this.#log.info({ event: 'lending.read' }, `What is lent was read again from ${this.#path}.`);
      return terms;
    } catch (error) {
      this.#log.warn({ event: 'lending.unreadable' }, `${reasonOf(error)} What was read before holds.`);
      return null;
    }
  }

  async #stamp(): Promise<string> {
    const { mtimeMs, size, ino } = await stat(this.#path);
    return `${mtimeMs} ${size} ${ino}`;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues
      .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
      .join('; ');
  return error instanceof Error ? error.message : String(error);
}
