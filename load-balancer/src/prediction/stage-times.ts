import { ChunkWork } from './chunk-work.ts';

/** What a stage's finished chunks took. */
export type StageTimes = {
  count: number;
  /** Slot time, milliseconds. */
  slowest: number;
  work: ChunkWork;
  /** Of what a worker opens before its first chunk: how often that was seen, and the work of all of them. */
  openings: { seen: number; work: number };
  /** Work of leases that ended because another one of their chunk was done first. */
  doubled: number;
};

export const createTimes = (chunks: number): StageTimes => ({
  count: 0,
  slowest: 0,
  work: new ChunkWork(chunks),
  openings: { seen: 0, work: 0 },
  doubled: 0,
});

/** Work of opening the stage on a worker. What was seen once may have been chance, so it is taken for half. */
export const openingOf = ({ openings: { seen, work } }: StageTimes): number => Math.max(0, work / (seen + 1));
