import { type ChunkStates, STATE_LETTERS } from '@parallel-pilot/shared/api/jobs.ts';
import type { StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { type Follow, followJob } from '../../follow/follow.ts';
import type { Change, JobView, Trail } from '../../follow/view.ts';
import type { RunEvent } from '../../report/events.ts';

type Letter = (typeof STATE_LETTERS)[keyof typeof STATE_LETTERS];

/** States of the frames by ordinal, and those that were reported to be over; null until their stage is planned. */
export type Frames = {
  stage: StageId;
  numbers: number[];
  letters: Letter[];
  reported: ReadonlySet<number>;
} | null;
type View = JobView<Frames>;

export const frames: Trail<Frames, ChunkStates> = {
  opening: null,
  // 100,000 states are not fetched every other second: only when they cannot be what is known here.
  async fetch(api, view) {
    return needsStates(view) ? api.states(view.job.id) : null;
  },
  take(view, states, underWay) {
    const untold = underWay && framesOf(view) === null;
    const { view: next, events } = applyStates(view, states);
    return { view: next, events: untold ? [] : events };
  },
  patch(view, patch) {
    const known = framesOf(view);
    if (known === null) return { view, events: [], stale: patch.changed || patch.chunks.length > 0 };
    const letters = [...known.letters];
    for (const chunk of patch.chunks) letters[chunk.ordinal] = STATE_LETTERS[chunk.status];
    const makers = new Map(patch.chunks.map((chunk) => [chunk.ordinal, chunk.worker]));
    const progress = view.job.progress.filter(({ ordinal }) => !isOverLetter(letters[ordinal]));
    const next: View = { ...view, job: { ...view.job, progress }, own: { ...known, letters } };
    return { ...reportFrames(next, makers.keys(), makers), stale: patch.changed };
  },
  progress: tally,
};

/** Follows a render frame by frame. */
export const followFrames: Follow = (api, id, options) => followJob(frames, api, id, options);

function needsStates(view: View): boolean {
  const { counts } = view.job;
  if (counts.total === 0) return false;
  if (framesOf(view) === null) return true;
  const { done, failed } = tally(view);
  return done !== counts.done || failed !== counts.failed || isOver(view.job.state);
}

// Frames of an earlier stage are not those of this one.
const framesOf = ({ own, job }: View): Frames => (own?.stage === job.stageId ? own : null);

/** The states of the newest stage's chunks were fetched. */
function applyStates(view: View, states: ChunkStates): Change<Frames> {
  if (states.numbers === null || states.stage !== view.job.stageId) return { view, events: [] };
  const letters = [...states.states] as Letter[];
  const reported = framesOf(view)?.reported ?? new Set();
  const own: Frames = { stage: states.stage, numbers: states.numbers, letters, reported };
  return reportFrames({ ...view, own }, letters.keys(), new Map());
}

const isOverLetter = (letter: Letter | undefined) => letter === 'd' || letter === 'f' || letter === 'c';

/** How many of the newest stage's chunks are done, failed and all there are. */
function tally(view: View): { done: number; failed: number; total: number } {
  const known = framesOf(view);
  const { counts } = view.job;
  if (known === null) return { done: counts.done, failed: counts.failed, total: counts.total };
  const count = (letter: Letter) => known.letters.reduce((sum, one) => sum + (one === letter ? 1 : 0), 0);
  return { done: count('d'), failed: count('f'), total: known.letters.length };
}

/** Tells of each frame once that it is over: what was fetched may be older than the patch before it. */
function reportFrames(
  view: View,
  ordinals: Iterable<number>,
  makers: ReadonlyMap<number, WorkerId | null>,
): Change<Frames> {
  const known = framesOf(view);
  if (known === null) return { view, events: [] };
  const reported = new Set(known.reported);
  let done = [...reported].filter((ordinal) => known.letters[ordinal] === 'd').length;
  const events: RunEvent[] = [];
  for (const ordinal of ordinals) {
    const [frame, letter] = [known.numbers[ordinal], known.letters[ordinal]];
    if (frame === undefined || reported.has(ordinal) || (letter !== 'd' && letter !== 'f')) continue;
    reported.add(ordinal);
    if (letter === 'f') {
      events.push({ event: 'frame.failed', frame });
      continue;
    }
    const maker = makers.get(ordinal);
    const worker = (maker ? view.names.get(maker) : undefined) ?? null;
    done += 1;
    events.push({ event: 'frame.done', frame, worker, done, total: known.letters.length });
  }
  return { view: { ...view, own: { ...known, reported } }, events };
}
