import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { wrongSize } from '../header/header.ts';
import { damaged, type PictureCheck } from '../picture.ts';
import {
  type DecoderChild,
  type DecoderOptions,
  type Derived,
  type Make,
  OUTPUT,
  type Reply,
  startDecoderChild,
} from './decoder-child.ts';

/**
 * Decodes pictures of one job in a sandboxed process that stays warm from one
 * picture to the next, and is replaced when one was too much for it. Nothing
 * is called twice at once. What cannot be decoded is refused in words; calls
 * reject when the signal is aborted, the file cannot be read, or the process
 * cannot be started, in which case nothing was learned about the picture.
 */
export type Decoder = {
  /** Starts the process, so that the first picture need not wait for it. */
  warm(): void;
  pid(): number | undefined;
  /** Decodes every pixel. A path is one of the caller's own files, not one that a child could change. */
  check(picture: Buffer | string, signal?: AbortSignal): Promise<PictureCheck>;
  /** Makes a WebP of a picture and puts it at `target`: 256 pixels at most, or as large as a WebP can be. */
  derive(
    picture: Buffer | string,
    what: Derived,
    target: string,
    signal?: AbortSignal,
  ): Promise<PictureCheck>;
  close(): Promise<void>;
};

const MOST_DERIVED_BYTES = { thumbnail: 1_048_576, preview: 268_435_456, copy: 67_108_864 };

export function createDecoder(options: DecoderOptions): Decoder {
  let child: DecoderChild | null = null;
  const running = async (): Promise<DecoderChild> => {
    if (child !== null && !child.alive()) await child.close();
    if (child === null || !child.alive()) child = startDecoderChild(options);
    return child;
  };
  const ask = async (
    make: Make,
    picture: Buffer | string,
    signal: AbortSignal | undefined,
  ): Promise<{ check: PictureCheck; by: DecoderChild }> => {
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const by = await running();
      const reply = await by.ask({ make, ...(await sourceOf(picture)) }, signal);
      signal?.throwIfAborted();
      if (!('ended' in reply)) return { by, check: checkOf(reply, make, options) };
      const check = afterEnd(reply, options);
      if (check !== null) return { by, check };
      // It may have been killed from outside, or worn out.
      if (attempt === 2) return { by, check: damaged('ends the program that decodes it') };
    }
  };
  return {
    warm() {
      child ??= startDecoderChild(options);
    },
    pid: () => (child?.alive() ? child.pid : undefined),
    check: async (picture, signal) => (await ask('nothing', picture, signal)).check,
    async derive(picture, what, target, signal) {
      const { check, by } = await ask(what, picture, signal);
      if (!check.ok) return check;
      const taken = await by.workspace.take(OUTPUT, target, MOST_DERIVED_BYTES[what]);
      await by.workspace.discard(OUTPUT);
      return taken.ok ? check : damaged(`could not be made smaller. ${taken.message}`);
    },
    async close() {
      const last = child;
      child = null;
      await last?.close();
    },
  };
}

async function sourceOf(picture: Buffer | string) {
  if (typeof picture !== 'string') return { size: picture.length, bytes: [picture] };
  const { size } = await stat(picture);
  // Opened even when it is empty, so that a missing file says so.
  return { size, bytes: createReadStream(picture, { highWaterMark: 262_144 }) as AsyncIterable<Buffer> };
}

function checkOf(
  answer: Exclude<Reply, { ended: unknown }>,
  make: Make,
  options: DecoderOptions,
): PictureCheck {
  if (!answer.ok) return damaged(`does not decode (${answer.message.replace(/[^\x20-\x7e]/g, '?')})`);
  const same = answer.width === options.width && answer.height === options.height;
  return make !== 'nothing' || same ? { ok: true } : wrongSize(answer, options);
}

/** Null where the same picture is worth another try. Throws where the end has nothing to do with the picture. */
function afterEnd(
  { ended, ready, said }: Extract<Reply, { ended: unknown }>,
  options: DecoderOptions,
): PictureCheck | null {
  if (ended === 'slow') return damaged('takes too long to decode');
  if (ended === 'confused') return damaged('confuses the program that decodes it');
  if (ended === 'canceled') throw new Error('canceled without its signal');
  if (ended.kind === 'limit')
    return damaged(`needs too much to be decoded. ${ended.message.replace(/\.$/, '')}`);
  if (ready && ended.kind !== 'failed-to-start') return null;
  const why =
    ended.kind === 'failed-to-start' ? ended.reason : said || `it ended with ${JSON.stringify(ended)}`;
  throw new Error(`The program that decodes ${options.format} pictures does not start: ${why}`);
}
