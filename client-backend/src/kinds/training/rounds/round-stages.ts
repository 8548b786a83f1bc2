/*
 * A training has its stages in a fixed order: split, initialize, then train and merge of every round, at last
 * evaluate. Which round a stage is of was planned with it, as its iteration.
 */

type Iterated = { iteration: number | null };

export const roundOf = ({ iteration }: Iterated): number => iteration ?? 0;
