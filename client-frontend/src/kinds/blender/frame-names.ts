import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import type { ChunkNames } from '../../job/chunk-names.ts';
import type { ChunkAddress } from '../../job/opened-chunk.ts';

type Frames = Pick<ChunkStates, 'numbers'> | undefined;

/** The frame a chunk renders; null in a stage without frames, and before the states are known. */
export const frameAt = (states: Frames, ordinal: number): number | null => states?.numbers?.[ordinal] ?? null;

/** "Frame 12", or "Chunk 3" in a stage without frames. */
export function frameName(states: Frames, ordinal: number): string {
  const frame = frameAt(states, ordinal);
  return frame === null ? `Chunk ${ordinal + 1}` : `Frame ${frame}`;
}

export const frameNames = (states: Frames): ChunkNames => ({
  one: 'frame',
  doing: 'rendering',
  nameOf: (ordinal) => frameName(states, ordinal),
  numberOf: (ordinal) => frameAt(states, ordinal) ?? ordinal + 1,
});

/** A frame is known by its number in the scene, also in the address. */
export function frameAddress(states: Frames): ChunkAddress {
  return {
    name: 'frame',
    numberOf: (ordinal) => frameAt(states, ordinal) ?? ordinal + 1,
    ordinalOf(number) {
      const ordinal = states?.numbers?.indexOf(number) ?? -1;
      return ordinal === -1 ? null : ordinal;
    },
  };
}
