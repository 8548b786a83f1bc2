import type { ChunkStatus } from '../model/chunk.ts';
import { wholeFraction } from '../model/whole-fraction.ts';
import { addPatch, noNews } from '../protocol/chunk-news.ts';
import type { JobPatch } from '../protocol/live.ts';
import type { ChunkStates } from './chunks.ts';
import type { Counts, JobDetail } from './jobs.ts';
import { STATE_LETTERS } from './state-letters.ts';

type Progress = JobPatch['progress'][number];

/** Two patches of one job as one. A change of stage makes whoever reads it ask again. */
export function mergePatches(earlier: JobPatch, later: JobPatch): JobPatch {
  const moved = earlier.stage !== null && later.stage !== null && earlier.stage !== later.stage;
  const news = noNews<Progress>();
  if (!moved) addPatch(news, { changes: earlier.chunks, progress: earlier.progress });
  addPatch(news, { changes: later.chunks, progress: later.progress });
  return {
    job: later.job,
    changed: earlier.changed || later.changed || moved,
    stage: later.stage ?? earlier.stage,
    chunks: [...news.changes.values()],
    ...(earlier.names === undefined && later.names === undefined
      ? {}
      : { names: { ...earlier.names, ...later.names } }),
    progress: [...news.progress.values()],
    backgroundFraction: later.backgroundFraction ?? earlier.backgroundFraction,
  };
}

/** The states of a stage after a patch; the same object where nothing changed or the patch is of another stage. */
export function applyToStates(states: ChunkStates, patch: JobPatch): ChunkStates {
  if (patch.stage !== states.stage || patch.chunks.length === 0) return states;
  const letters = states.states.split('');
  let changed = false;
  for (const { ordinal, status } of patch.chunks) {
    const letter = STATE_LETTERS[status];
    if (ordinal >= letters.length || letters[ordinal] === letter) continue;
    letters[ordinal] = letter;
    changed = true;
  }
  return changed ? { ...states, states: letters.join('') } : states;
}

/**
 * The job after a patch; the same object where the patch is of another stage.
 * `states` are those after the same patch, and the counts are counted from
 * them: a job and its states that were fetched at two moments can disagree, so
 * nothing is ever added to a count. Without states the counts wait for the next answer.
 */
export function applyToJob(job: JobDetail, patch: JobPatch, states?: ChunkStates): JobDetail {
  if (patch.stage !== null && patch.stage !== job.stageId) return job;
  const news = noNews<Progress>();
  addPatch(news, { changes: [], progress: job.progress });
  addPatch(news, { changes: patch.chunks, progress: patch.progress });
  const known = states?.stage === job.stageId ? states : null;
  const underWay = (ordinal: number) => known === null || /[rl]/.test(known.states[ordinal] ?? '');
  const done = patch.chunks.findLast((change) => change.status === 'done')?.ordinal;
  const progress = [...news.progress.values()].filter((one) => underWay(one.ordinal));
  const counts = known !== null && patch.chunks.length > 0 ? countStates(known.states) : job.counts;
  const part = progress.reduce((sum, one) => sum + one.fraction, 0);
  return {
    ...job,
    progress,
    counts,
    // Without states a chunk that is done is in neither.
    fraction:
      known === null || job.state === 'completed'
        ? job.fraction
        : wholeFraction(job.span, counts.total, counts.done, part),
    newest: done ?? job.newest,
    backgroundFraction: patch.backgroundFraction ?? job.backgroundFraction,
  };
}

const STATUS_OF = Object.fromEntries(
  Object.entries(STATE_LETTERS).map(([status, letter]) => [letter, status]),
) as Record<string, ChunkStatus>;

/** The state a letter of `ChunkStates.states` stands for. */
export const statusOfLetter = (letter: string): ChunkStatus => STATUS_OF[letter] ?? 'queued';

export function countStates(states: string): Counts {
  const counts = { total: states.length, queued: 0, leased: 0, running: 0, done: 0, failed: 0, canceled: 0 };
  for (const letter of states) counts[statusOfLetter(letter)] += 1;
  return counts;
}
