import { quarterOf } from '@parallel-pilot/shared/model/quarter.ts';

/** What is known of the quarter hour that it is now. Work as in the database: of a slot of a worker of speed 1. */
export type LoadRecord = {
  quarter: number;
  capacityMs: number;
  /** Up to when capacity is counted. */
  countedAt: number;
  notedAt: number;
};

export const LOAD_NOTE_MS = 15_000;

/** `before`: what this quarter came to already, before this process was there. */
export const createLoadRecord = (now: number, before = 0): LoadRecord => ({
  quarter: quarterOf(now),
  capacityMs: before,
  countedAt: now,
  // Workers come within seconds of the start.
  notedAt: now - LOAD_NOTE_MS + 5_000,
});
