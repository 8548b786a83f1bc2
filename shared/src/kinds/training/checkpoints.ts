import type { TrainingSettings } from './settings.ts';

/** Bytes that the models of all rounds may come to where nobody said which to keep. */
const MOST_MODEL_BYTES = 4 * 1024 ** 3;

type Kept = Pick<TrainingSettings, 'models' | 'rounds'>;

/**
 * The model of every n-th round is kept for download beside the best and the newest: each one where all are wanted or
 * they come to 4 GB at most, else as many as fit into that; null where only the best and the newest are.
 */
export function everyNth({ models, rounds }: Kept, bytes: number): number | null {
  if (models === 'all') return 1;
  if (models === 'best') return null;
  const most = Math.floor(MOST_MODEL_BYTES / bytes);
  if (most === 0) return null;
  const nth = Math.ceil(rounds / most);
  return nth === rounds && rounds > 1 ? null : nth;
}

/** Whether that round's model stays once another is the newest, the best or not. */
export function keepsRound(settings: Kept, round: number, bytes: number): boolean {
  const nth = everyNth(settings, bytes);
  return nth !== null && round > 0 && round % nth === 0;
}
