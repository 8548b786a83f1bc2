import { type FramePicture, mostSoundBytes } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import type { Parts } from '../../parts.ts';
import { checkFrames, type FrameCheck, hashOf } from './check-frames.ts';
import { soundProblem } from './ffmpeg/sound.ts';
import { type RenderedFrame, type Unusable, unusable } from './rendered-frames.ts';

/** Each picture of each frame; a frame with several bad ones is named once. */
export async function checkPictures(
  check: Omit<FrameCheck, 'frames' | 'expected'>,
  frames: readonly RenderedFrame[],
  pictures: readonly FramePicture[],
): Promise<Unusable[]> {
  const bad = new Map<Unusable['chunk'], Unusable>();
  const all = frames.length * pictures.length;
  let before = 0;
  for (const [format, same] of Map.groupBy(pictures, (picture) => picture.format)) {
    const files = new Set(same.map(({ file }) => file));
    const those = frames.flatMap(({ chunk, ordinal, frame, pictures: stored }) =>
      stored
        .filter(({ file }) => files.has(file))
        .map(({ hash, size }) => ({ chunk, ordinal, frame, hash, size })),
    );
    const [{ width, height } = { width: 0, height: 0 }] = same;
    const from = before;
    const onChecked = (count: number) => check.onChecked((from + count) / all);
    const expected = { format, width, height };
    for (const one of await checkFrames({ ...check, frames: those, expected, onChecked })) {
      if (!bad.has(one.chunk)) bad.set(one.chunk, one);
    }
    before += those.length;
  }
  return [...bad.values()];
}

/** The sound is made with the first frame, and made again with it. */
export async function checkSound(
  confined: Pick<FrameCheck, 'sandbox' | 'folder' | 'signal'>,
  { blobs }: Parts,
  frames: readonly RenderedFrame[],
  fps: number,
): Promise<Unusable[]> {
  const owner = frames.find(({ sound }) => sound !== null);
  if (owner === undefined || owner.sound === null) return [];
  const { hash, size } = owner.sound;
  if (size > mostSoundBytes(frames.length, fps)) {
    return [unusable(owner.chunk, 'The sound has more bytes than that of its frames could take.')];
  }
  const path = blobs.localPath(hash);
  if ((await blobs.size(hash)) !== size || (await hashOf(path)) !== hash) {
    await blobs.delete(hash);
    return [unusable(owner.chunk, 'The stored sound is damaged.')];
  }
  const wrong = await soundProblem(confined, path);
  return wrong === null ? [] : [unusable(owner.chunk, `The sound does not decode (${wrong}).`)];
}
