import { inWords } from '../text/in-words.ts';
import { NO_ROOM, SPARE_BYTES } from './no-room.ts';

export type OpenUploadLimits = {
  /** Announced by all of them together. */
  mostBytes: number;
  freeBytes(): Promise<number>;
};

/** Each takes two files and a line of this list. */
const MOST_OPEN = 1_000;

/** The uploads that are not finished: what they announced, and what of it is still to come. */
export class OpenUploads {
  readonly #limits: OpenUploadLimits;
  readonly #open = new Map<string, { size: number; offset: number }>();

  constructor(limits: OpenUploadLimits) {
    this.#limits = limits;
  }

  /**
   * Promises an upload the room it asks for, or throws what tus is to answer:
   * all that was promised must fit beside each other. Counted before it is
   * looked at, so that two at once are not promised the same room.
   */
  async open(id: string, size: number): Promise<void> {
    this.resume(id, size, 0);
    const refusal = await this.#refusal(size);
    if (refusal === null) return;
    this.close(id);
    throw refusal;
  }

  /** One that has its promise already: of an earlier process, or with its next bytes. */
  resume(id: string, size: number, offset: number): void {
    this.#open.set(id, { size, offset });
  }

  moved(id: string, offset: number): void {
    const upload = this.#open.get(id);
    if (upload !== undefined) upload.offset = offset;
  }

  close(id: string): void {
    this.#open.delete(id);
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

const tooMany = (why: string) => ({
  status_code: 429,
  body: `The farm takes no more at the moment: ${why}. Finish or cancel some; those left alone are removed after 7 days.`,
});
