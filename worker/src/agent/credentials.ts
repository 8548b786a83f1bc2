import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** By the address of the farm: none is ever sent to another one. */
const Credentials = z.record(z.string(), z.string().min(1).max(128));

export const CREDENTIALS_FILE = 'credentials.json';

/** What farms have given this worker for join tokens, which it comes back with; a file that its user alone can read. */
export class CredentialFile {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, CREDENTIALS_FILE);
  }

  /** Null where the farm has given none. Throws an Error with a sentence when the file is damaged. */
  get(farm: string): string | null {
    return this.#read()[farm] ?? null;
  }

  /** On the disk when it returns: the farm gives a credential once, and takes the one before it for nobody's. */
  keep(farm: string, credential: string): void {
    const text = `${JSON.stringify({ ...this.#read(), [farm]: credential })}\n`;
    const draft = openSync(`${this.#path}.new`, 'w', 0o600);
    try {
      writeSync(draft, text);
      fsyncSync(draft);
    } finally {
      closeSync(draft);
    }
    renameSync(`${this.#path}.new`, this.#path);
  }

  #read(): Record<string, string> {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
    try {
      return Credentials.parse(JSON.parse(text));
    } catch (error) {
      throw new Error(
        `The worker's file of credentials ${this.#path} is damaged. Delete it, and start the worker with a token.`,
        { cause: error },
      );
    }
  }
}

/** Whether a worker with this data folder has joined the farm at that address before. */
export function hasCredential(folder: string, farm: string): boolean {
  try {
    return new CredentialFile(folder).get(new URL(farm).origin) !== null;
  } catch {
    // What is wrong with the file or the address is said by the worker.
    return false;
  }
}
