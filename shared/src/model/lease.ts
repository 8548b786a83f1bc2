/** What a lease is for: the first look at a chunk, a second one beside a slow first, or one to compare results with. */
export const LEASE_PURPOSES = ['first', 'backup', 'check'] as const;
export type LeasePurpose = (typeof LEASE_PURPOSES)[number];

export const LEASE_OUTCOMES = [
  'done',
  'failed',
  'expired',
  'released',
  'preempted',
  'superseded',
  'canceled',
] as const;
export type LeaseOutcome = (typeof LEASE_OUTCOMES)[number];

type Ending = {
  /** Whether it is an attempt at its chunk; `begun`: where its work had begun. */
  attempt: 'always' | 'begun' | 'never';
  /** What its worker is counted up by, for those who look at the farm. */
  counted: 'done' | 'failed' | null;
};

/**
 * How a lease may end, and what follows for its chunk and for the
 * statistics; whether a failure is its worker's, its code says (kinds/failures.ts). The state machine of chunks, the farm in memory and the database
 * all go by this table. After an attempt that was not done, the worker is not
 * given that chunk again while another may take it.
 */
export const ENDINGS: Readonly<Record<LeaseOutcome, Ending>> = {
  /** Its result was taken. */
  done: { attempt: 'always', counted: 'done' },
  failed: { attempt: 'always', counted: 'failed' },
  /** Its worker was lost. */
  expired: { attempt: 'begun', counted: null },
  /** Given back through no fault of the chunk: the worker is drained, or it was asked back for another one. */
  released: { attempt: 'never', counted: null },
  /** Taken back while it ran: for more urgent work, or to be moved. What it had done stands in its checkpoint, if it left one. */
  preempted: { attempt: 'never', counted: null },
  /** The result of another lease of the chunk was taken, or will be: that one runs and is clearly ahead. */
  superseded: { attempt: 'never', counted: null },
  /** Nobody wants the chunk any more. */
  canceled: { attempt: 'never', counted: null },
};

/** Whether a lease that ended so was an attempt at its chunk. */
export const wasAttempt = (outcome: LeaseOutcome, begun: boolean): boolean =>
  ENDINGS[outcome].attempt === 'always' || (ENDINGS[outcome].attempt === 'begun' && begun);
