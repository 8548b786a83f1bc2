/**
 * Small pictures of frames, decoded. A few dozen are kept, the ones that were
 * used last, so that a job of 100,000 frames takes no more memory than one of
 * fifty: 256 x 256 pixels are at most 256 KB each.
 */
export type FramePictures<Picture> = {
  /** Null where the frame has no picture. */
  get(frame: number): Promise<Picture | null>;
  /** The picture if it is there already. */
  peek(frame: number): Picture | null | undefined;
  close(): void;
};

export const MOST_PICTURES = 64;

export function keepPictures<Picture extends { close(): void }>(
  load: (frame: number) => Promise<Picture>,
  most = MOST_PICTURES,
): FramePictures<Picture> {
  type Entry = { promise: Promise<Picture | null>; picture: Picture | null | undefined };
  const kept = new Map<number, Entry>();
  let closed = false;

  const drop = (frame: number, entry: Entry) => {
    kept.delete(frame);
    entry.picture?.close();
  };
  const begin = (frame: number): Entry => {
    const entry: Entry = { promise: Promise.resolve(null), picture: undefined };
    entry.promise = load(frame).then(
      (picture) => {
        // Nobody waits for it any more, or only for as long as it takes to look at nothing.
        if (closed || kept.get(frame) !== entry) {
          picture.close();
          return null;
        }
        entry.picture = picture;
        return picture;
      },
      () => {
        entry.picture = null;
        return null;
      },
    );
    return entry;
  };
  return {
    get(frame) {
      const known = kept.get(frame);
      const entry = known ?? begin(frame);
      kept.delete(frame);
      kept.set(frame, entry);
      for (const [oldest, other] of kept) {
        if (kept.size <= most) break;
        drop(oldest, other);
      }
      return entry.promise;
    },
    peek: (frame) => kept.get(frame)?.picture,
    close() {
      closed = true;
      for (const [frame, entry] of kept) drop(frame, entry);
    },
  };
}
