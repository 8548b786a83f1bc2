/**
 * What a chunk that is taken back leaves, for the next lease of it to go on from. It is a file of the lease that left
 * it, of this name, until its chunk is settled; the next lease has it among its inputs, at this path.
 */
export const CHECKPOINT = { name: 'checkpoint', path: 'pilot-checkpoint' } as const;

/** How long a chunk that is to be taken back may go on: to end, or to leave a checkpoint. Milliseconds. */
export const NOTICE_MS = 10_000;
