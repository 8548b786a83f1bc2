import type { ChunkStatus } from '../model/chunk.ts';
import type { ChunkChange } from './chunk-change.ts';
import type { ChunkProgress, StagePatch } from './control.ts';

/** `log` left out says that nothing else was printed. */
type Word = { ordinal: number; log?: string | undefined };

/**
 * What is new of the chunks of one stage, the last word on each: the one way in which
 * patches are gathered, merged and laid over what is known, from the balancer to the
 * page. Merging patches and then applying the result gives the same as applying them one by one.
 */
export type ChunkNews<P extends Word> = {
  /** The newest change of each chunk, the one that changed last at the end. */
  changes: Map<number, ChunkChange>;
  /** How far each chunk under way is. */
  progress: Map<number, P>;
};

export const noNews = <P extends Word>(): ChunkNews<P> => ({
  changes: new Map(),
  progress: new Map(),
});

/** False for a chunk that has ended or waits again: progress that comes after is of work that is over. */
const isUnderWay = (status: ChunkStatus | undefined): boolean =>
  status === undefined || status === 'running' || status === 'leased';

/** A change of state: progress from before it is of an attempt that is over, or was not begun. */
export function addChange<P extends Word>(news: ChunkNews<P>, change: ChunkChange): void {
  news.changes.delete(change.ordinal);
  news.changes.set(change.ordinal, change);
  news.progress.delete(change.ordinal);
}

export function addProgress<P extends Word>(news: ChunkNews<P>, progress: P): void {
  if (!isUnderWay(news.changes.get(progress.ordinal)?.status)) return;
  const { log } = news.progress.get(progress.ordinal) ?? {};
  const keeps = progress.log === undefined && log !== undefined;
  news.progress.set(progress.ordinal, keeps ? { ...progress, log } : progress);
}

type Told<P> = { changes: Iterable<ChunkChange>; progress: Iterable<P> };

/** All that a patch tells: its progress is of after its changes. */
export function addPatch<P extends Word>(news: ChunkNews<P>, { changes, progress }: Told<P>): ChunkNews<P> {
  for (const change of changes) addChange(news, change);
  for (const one of progress) addProgress(news, one);
  return news;
}

/** A balancer's patch; a chunk that was started without a word of progress so far is at its beginning. */
export function addStagePatch(
  news: ChunkNews<ChunkProgress>,
  { changes, progress }: Pick<StagePatch, 'changes' | 'progress'>,
): void {
  for (const change of changes) {
    addChange(news, change);
    const { ordinal, status, worker } = change;
    if (status === 'running' && worker !== null)
      addProgress(news, { worker, ordinal, fraction: 0, detail: '' });
  }
  for (const one of progress) addProgress(news, one);
}
