import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';

/** Whether why it waits is worth a word: that it is paused is told by its state, and what begins in a moment does not wait. */
export const isShown = ({ waiting }: Pick<JobSummary, 'waiting'>): boolean =>
  waiting !== null && waiting.code !== 'paused' && waiting.code !== 'next';
