import type { ChunkStates } from '@parallel-pilot/shared/api/jobs.ts';

/** "Frame 12", or "Chunk 3" in a stage without frames. */
export function chunkName(states: Pick<ChunkStates, 'frames'> | undefined, ordinal: number): string {
  const frame = states?.frames?.[ordinal];
  return frame === undefined ? `Chunk ${ordinal + 1}` : `Frame ${frame}`;
}
