import {
  type ChunkStates,
  type Counts,
  type JobDetail,
  STATE_LETTERS,
} from '@parallel-pilot/shared/api/jobs.ts';
import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import type { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';

type Progress = JobDetail['progress'][number];
type Change = JobPatch['chunks'][number];

/** Two patches of one job as one: what came later wins, chunk by chunk. A change of stage makes the page ask again. */
export function mergePatches(earlier: JobPatch, later: JobPatch): JobPatch {
  const moved = earlier.stage !== null && later.stage !== null && earlier.stage !== later.stage;
  const chunks = moved ? [] : earlier.chunks;
  return {
    job: later.job,
    changed: earlier.changed || later.changed || moved,
    stage: later.stage ?? earlier.stage,
    chunks: lastOf([...chunks, ...later.chunks], (change) => change.ordinal),
    progress: lastOf([...(moved ? [] : earlier.progress), ...later.progress], progressKey),
    stitching: later.stitching ?? earlier.stitching,
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
 * The job after a patch. `before` are the states the patch's chunks had, from
 * which the counts are moved on; without them the counts wait for the next answer.
 */
export function applyToJob(job: JobDetail, patch: JobPatch, before: ChunkStates | undefined): JobDetail {
  if (patch.stage !== null && patch.stage !== job.stageId) return job;
  const progress = moveProgress(job.progress, patch);
  return {
    ...job,
    progress,
    counts: before?.stage === job.stageId ? moveCounts(job.counts, before.states, patch.chunks) : job.counts,
    newest: newestOf(job, patch.chunks),
    stitching: patch.stitching ?? job.stitching,
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

function moveCounts(counts: Counts, before: string, changes: readonly Change[]): Counts {
  const moved = { ...counts };
  for (const { ordinal, status } of changes) {
    const letter = before[ordinal];
    if (letter === undefined) continue;
    moved[statusOfLetter(letter)] -= 1;
    moved[status] += 1;
  }
  return moved;
}

/** A finished chunk's bar stays full until its worker starts the next, so that bars do not blink between frames. */
function moveProgress(present: readonly Progress[], patch: JobPatch): Progress[] {
  const ended = new Map(patch.chunks.map((change) => [change.ordinal, change.status]));
  const kept = present.flatMap((bar): Progress[] => {
    const status = ended.get(bar.ordinal);
    if (status === undefined || status === 'running' || status === 'leased') return [bar];
    return status === 'done' ? [{ ...bar, fraction: 1, detail: 'Done' }] : [];
  });
  const started = new Set(patch.progress.map((bar) => bar.worker));
  const waiting = kept.filter(
    (bar) => !(bar.fraction === 1 && bar.detail === 'Done' && started.has(bar.worker)),
  );
  const live = patch.progress.filter((bar) => {
    const status = ended.get(bar.ordinal);
    return status === undefined || status === 'running' || status === 'leased';
  });
  return lastOf([...waiting, ...live], progressKey);
}

function newestOf(job: JobDetail, changes: readonly Change[]): number | null {
  if (job.stage === 'probe') return job.newest;
  return changes.findLast((change) => change.status === 'done')?.ordinal ?? job.newest;
}

const progressKey = (bar: Progress) => `${bar.worker}/${bar.ordinal}`;

/** The last item of each key, at the place where the key first stood. */
function lastOf<T, K>(items: readonly T[], keyOf: (item: T) => K): T[] {
  const byKey = new Map<K, T>();
  for (const item of items) byKey.set(keyOf(item), item);
  return [...byKey.values()];
}
