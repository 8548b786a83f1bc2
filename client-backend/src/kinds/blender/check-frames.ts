import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile as readWhole } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createDecoder } from '@parallel-pilot/images/decode/decoder.ts';
import { readExr } from '@parallel-pilot/images/header/exr.ts';
import { matchHeader } from '@parallel-pilot/images/header/header.ts';
import { readFile, readMemory } from '@parallel-pilot/images/header/reading.ts';
import { damaged, type Expected, mostBytes, type PictureCheck } from '@parallel-pilot/images/picture.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { isSceneLinear } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { decodeExrs } from './ffmpeg/exr-frames.ts';
import { type RenderedFrame, type StoredFile, type Unusable, unusable } from './rendered-frames.ts';

/** A picture of a frame that is to be looked at. */
export type PictureOfFrame = Pick<RenderedFrame, 'chunk' | 'ordinal' | 'frame'> & StoredFile;

export type FrameCheck = {
  blobs: BlobStore;
  frames: readonly PictureOfFrame[];
  /** What each of them must be. */
  expected: Expected;
  sandbox: Sandbox;
  /** Where each child gets a workspace of its own. */
  folder: string;
  signal: AbortSignal;
  onChecked(count: number): void;
};

/** Two decoders at once: the other core belongs to the frames of other jobs. */
const LANES = 2;
/** So few pixels in all are decoded by one before another could be started. */
const FEW_PIXELS = 2_000_000;
/** Frames that one decoder takes on together. */
const BATCH = 32;

/**
 * Looks at every frame once more before the video is made: its bytes are those
 * that were delivered, it is of the job's format and size, and it decodes from
 * the first line to the last. Tells all that is wrong at once. The decoders
 * end with the check, and have seen no other job.
 */
export async function checkFrames(check: FrameCheck): Promise<Unusable[]> {
  const bad: { ordinal: number; unusable: Unusable }[] = [];
  const { frames, expected } = check;
  const few = frames.length * expected.width * expected.height <= FEW_PIXELS;
  const lanes = few ? 1 : LANES;
  const batches = batchesOf(frames, lanes);
  let count = 0;
  const work = async (): Promise<void> => {
    const decoder = createFrameDecoder(check);
    try {
      for (const frames of batches) {
        check.signal.throwIfAborted();
        const headerChecks = await Promise.all(frames.map((frame) => checkFrame(check, frame)));
        const whole = frames.filter((_, index) => headerChecks[index]?.ok);
        const decoded = await decoder.decode(whole.map((frame) => check.blobs.localPath(frame.hash)));
        const checked = [
          ...frames.map((frame, index) => ({ frame, check: headerChecks[index] })),
          ...whole.map((frame, index) => ({ frame, check: decoded[index] })),
        ];
        for (const { frame, check } of checked) {
          if (check?.ok !== false) continue;
          const said = `Frame ${frame.frame}: ${check.message}.`;
          bad.push({ ordinal: frame.ordinal, unusable: unusable(frame.chunk, said) });
        }
        count += frames.length;
        check.onChecked(count);
      }
    } finally {
      await decoder.close();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, work));
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
  return bad.sort((a, b) => a.ordinal - b.ordinal).map((one) => one.unusable);
}

function* batchesOf(frames: readonly PictureOfFrame[], lanes: number): Generator<PictureOfFrame[]> {
  // Few frames are shared out too.
  const size = Math.max(1, Math.min(BATCH, Math.ceil(frames.length / lanes)));
  for (let from = 0; from < frames.length; from += size) yield frames.slice(from, from + size);
}

/** Checks all that can be checked without decoding the frame. */
async function checkFrame({ blobs, expected }: FrameCheck, frame: PictureOfFrame): Promise<PictureCheck> {
  const size = await blobs.size(frame.hash);
  if (size === null) return damaged('is not in the store any more');
  const path = blobs.localPath(frame.hash);
  const held = size <= SMALL ? await readWhole(path) : null;
  const hash = held === null ? await hashOf(path) : sha256(held);
  if (size !== frame.size || hash !== frame.hash) {
    // Equal pixels have an equal hash: left in its place, the damaged file would be taken for the new one.
    await blobs.delete(frame.hash);
    return { ok: false, wrong: 'damaged', message: 'the stored image is damaged' };
  }
  if (held === null || isSceneLinear(expected.format)) return await checkFrameFile(path, size, expected);
  return size > mostBytes(expected) ? TOO_LONG : readMemory(held, matchHeader(size, expected));
}

const TOO_LONG = damaged('has more bytes than its pixels could take');
/** Read once for its hash and its first bytes. */
const SMALL = 262_144;

/** Whether a file says of itself what the job says of it, and is as long as it says. */
export async function checkFrameFile(path: string, size: number, expected: Expected): Promise<PictureCheck> {
  if (size > mostBytes(expected)) return TOO_LONG;
  const file = await open(path);
  try {
    const header = await readFile(file, matchHeader(size, expected));
    if (!header.ok || !isSceneLinear(expected.format)) return header;
    const exr = await readFile(file, readExr(size));
    return 'ok' in exr ? exr : { ok: true };
  } finally {
    await file.close();
  }
}

type FrameDecoder = { decode(paths: readonly string[]): Promise<PictureCheck[]>; close(): Promise<void> };

function createFrameDecoder({ sandbox, folder, expected, signal }: FrameCheck): FrameDecoder {
  const { format, ...size } = expected;
  if (format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER') {
    const tools = { sandbox, folder, size, signal, layers: format === 'OPEN_EXR_MULTILAYER' };
    return {
      decode: async (paths) => (paths.length === 0 ? [] : await decodeExrs(tools, paths)),
      close: async () => {},
    };
  }
  const decoder = createDecoder({ sandbox, folder, format, ...size });
  return {
    async decode(paths) {
      const checked: PictureCheck[] = [];
      for (const path of paths) checked.push(await decoder.check(path, signal));
      return checked;
    },
    close: () => decoder.close(),
  };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export async function hashOf(path: string): Promise<BlobHash> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') as BlobHash;
}
