import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';

/** What the chunks of a stage are called. */
export type ChunkNames = {
  /** "part" */
  one: string;
  /** What a worker does with one: "working" */
  doing: string;
  /** "Part 12" */
  nameOf(ordinal: number): string;
  /** What a cell has room for: 12. */
  numberOf(ordinal: number): number;
};

const WORDS: Record<ChunkStatus, string> = {
  queued: 'queued',
  leased: 'next up',
  running: 'running',
  done: 'done',
  failed: 'failed',
  canceled: 'canceled',
};

/** A chunk's state in words. */
export const chunkWord = (status: ChunkStatus, { doing }: Pick<ChunkNames, 'doing'>): string =>
  status === 'running' ? doing : WORDS[status];
