import { MOST_OUTPUT_BYTES } from '@parallel-pilot/shared/kinds/command/stages.ts';

export type CappedBuffer = { readonly size: number; add(bytes: Buffer): void; bytes(): Buffer };

/** The beginning of what is printed, as far as it is kept. */
export function cappedBuffer(): CappedBuffer {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(bytes: Buffer): void {
      const room = MOST_OUTPUT_BYTES - size;
      if (room <= 0) return;
      // A copy: the stream's own piece is larger than what one run printed.
      const part = Buffer.from(bytes.subarray(0, room));
      parts.push(part);
      size += part.length;
    },
    bytes: () => Buffer.concat(parts),
  };
}
