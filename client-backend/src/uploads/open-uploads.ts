import type { Upload } from '@tus/server';
import { inWords } from '../text/in-words.ts';
import { NO_ROOM, SPARE_BYTES } from './no-room.ts';

export type OpenUploadLimits = {
  /** Announced by all of them together. */
  mostBytes: number;
  freeBytes(): Promise<number>;
  /** Throws what tus is to answer where whoever uploads may not store that much more. */
  mayHold(upload: Upload, announced: (holder: string) => number): Promise<void>;
};

/** Each takes two files and a line of this list. */
const MOST_OPEN = 1_000;

/** The uploads that are not finished: what they announced, and what of it is still to come. */
export class OpenUploads {
  readonly #limits: OpenUploadLimits;
  readonly #open = new Map<string, { size: number; offset: number; of: readonly string[] }>();

  constructor(limits: OpenUploadLimits) {
    this.#limits = limits;
  }

  /**
   * Promises an upload the room it asks for, or throws what tus is to answer:
   * all that was promised must fit beside each other. Counted before it is
   * looked at, so that two at once are not promised the same room.
   */
  async open(upload: Upload): Promise<void> {
    this.resume(upload);
    try {
      const refusal = await this.#refusal(upload.size ?? 0);
      if (refusal !== null) throw refusal;
      await this.#limits.mayHold(upload, (holder) => this.#announcedBy(holder));
    } catch (error) {
      this.close(upload.id);
      throw error;
    }
  }

  /** One that has its promise already: of an earlier process, or with its next bytes. */
  resume({ id, size, offset, metadata }: Upload): void {
    const of = Object.values(holdersOf(metadata)).filter((holder) => holder !== undefined);
    this.#open.set(id, { size: size ?? 0, offset, of });
  }

  moved(id: string, offset: number): void {
    const upload = this.#open.get(id);
    if (upload !== undefined) upload.offset = offset;
  }

  close(id: string): void {
    this.#open.delete(id);
  }

  #announcedBy(holder: string): number {
    let bytes = 0;
    for (const upload of this.#open.values()) if (upload.of.includes(holder)) bytes += upload.size;
    return bytes;
  }

  async #refusal(size: number) {
    const { mostBytes, freeBytes } = this.#limits;
    const all = [...this.#open.values()];
    const announced = all.reduce((sum, upload) => sum + upload.size, 0);
    if (all.length > MOST_OPEN) return tooMany(`${MOST_OPEN.toLocaleString('en')} uploads are not finished`);
    if (announced > mostBytes) {
      const before = inWords(announced - size);
      return tooMany(`uploads that are not finished have announced ${before} of ${inWords(mostBytes)}`);
    }
    const toCome = all.reduce((sum, upload) => sum + upload.size - upload.offset, 0);
    return toCome + SPARE_BYTES > (await freeBytes()) ? NO_ROOM : null;
  }
}

/** Whose an upload is, as it is kept with it; uploads of a farm that had one owner say nothing. */
export const holdersOf = (
  metadata: Upload['metadata'],
): { team: string | undefined; person: string | undefined } => ({
  team: metadata?.team ?? undefined,
  person: metadata?.person ?? undefined,
});

const tooMany = (why: string) => ({
  status_code: 429,
  body: `The farm takes no more at the moment: ${why}. Finish or cancel some; those left alone are removed after 7 days.`,
});
