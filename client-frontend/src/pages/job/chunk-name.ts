import type { ChunkStates } from '@parallel-pilot/shared/api/jobs.ts';

type Frames = Pick<ChunkStates, 'frames'> | undefined;

/** The frame a chunk renders; null in a stage without frames, and before the states are known. */
export const frameAt = (states: Frames, ordinal: number): number | null => states?.frames?.[ordinal] ?? null;

/** "Frame 12", or "Chunk 3" in a stage without frames. */
export function chunkName(states: Frames, ordinal: number): string {
  const frame = frameAt(states, ordinal);
  return frame === null ? `Chunk ${ordinal + 1}` : `Frame ${frame}`;
}
