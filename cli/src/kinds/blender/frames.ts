import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import { STATE_LETTERS } from '@parallel-pilot/shared/api/state-letters.ts';
import type { StageId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { Api } from '../../api/client.ts';
import { type Follow, followJob } from '../../follow/follow.ts';
import type { Change, JobView, Trail } from '../../follow/view.ts';
import type { RunEvent } from '../../report/events.ts';

type Letter = (typeof STATE_LETTERS)[keyof typeof STATE_LETTERS];

/** States of the frames by ordinal, and those that were reported to be over; null until their stage is planned. */
export type Frames = {
  stage: StageId;
  numbers: number[];
  letters: Letter[];
  /** Frames that were said to be over since the states were fetched last: what is fetched next may be from before. */
  overSince: ReadonlyMap<number, Letter>;
  reported: ReadonlySet<number>;
} | null;
type View = JobView<Frames>;

/** The states of all frames, and who made those that nobody has reported of so far. */
export type FetchedFrames = { states: ChunkStates; makers: ReadonlyMap<number, string> };

/** Follows a render frame by frame. */
export const frames: Trail<Frames, FetchedFrames> = {
  opening: null,
  // 100,000 states are not fetched every other second: only when they cannot be what is known here.
  async fetch(api, view) {
    if (!needsStates(view)) return null;
    const states = await api.states(view.job.id);
    return { states, makers: await makersOf(api, view, states) };
  },
  take(view, { states, makers }, underWay) {
    const untold = underWay && framesOf(view) === null;
    const { view: next, events } = applyStates(view, states, makers);
    return { view: next, events: untold ? [] : events };
  },
  patch(view, patch) {
    const known = framesOf(view);
    if (known === null) return { view, events: [], stale: patch.changed || patch.chunks.length > 0 };
    const letters = [...known.letters];
    const overSince = new Map(known.overSince);
    const makers = new Map<number, string>();
    for (const { ordinal, status, worker } of patch.chunks) {
      const letter = STATE_LETTERS[status];
      letters[ordinal] = letter;
      if (isOverLetter(letter)) overSince.set(ordinal, letter);
      else overSince.delete(ordinal);
      const name = worker === null ? undefined : view.names.get(worker);
      if (name !== undefined) makers.set(ordinal, name);
    }
    const progress = view.job.progress.filter(({ ordinal }) => !isOverLetter(letters[ordinal]));
    const next: View = { ...view, job: { ...view.job, progress }, own: { ...known, letters, overSince } };
    const changed = patch.chunks.map((chunk) => chunk.ordinal);
    return { ...reportFrames(next, changed, makers), stale: patch.changed };
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
function applyStates(view: View, states: ChunkStates, makers: ReadonlyMap<number, string>): Change<Frames> {
  if (states.numbers === null || states.stage !== view.job.stageId) return { view, events: [] };
  const known = framesOf(view);
  const letters = [...states.states] as Letter[];
  // Of 300,000 frames the first were read long before the last: what came meanwhile is newer.
  for (const [ordinal, letter] of known?.overSince ?? []) letters[ordinal] = letter;
  const reported = known?.reported ?? new Set();
  const own: Frames = {
    stage: states.stage,
    numbers: states.numbers,
    letters,
    overSince: new Map(),
    reported,
  };
  return reportFrames({ ...view, own }, letters.keys(), makers);
}

const PAGE = 1_000;
const MOST_PAGES = 5;

/** Who made the frames that are over and were not reported of: those of which no patch came, at most so many. */
async function makersOf(
  api: Api,
  view: View,
  { stage, states }: ChunkStates,
): Promise<ReadonlyMap<number, string>> {
  const known = framesOf(view);
  if (known === null || stage !== view.job.stageId) return new Map();
  const makers = new Map<number, string>();
  let [upTo, pages] = [0, 0];
  for (const [ordinal, letter] of [...states].entries()) {
    if (letter !== 'd' || known.reported.has(ordinal) || ordinal < upTo || pages === MOST_PAGES) continue;
    pages += 1;
    upTo = ordinal + PAGE;
    const { chunks } = await api.chunks(view.job.id, { offset: ordinal, limit: PAGE });
    for (const chunk of chunks) if (chunk.worker !== null) makers.set(chunk.ordinal, chunk.worker.name);
  }
  return makers;
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
  makers: ReadonlyMap<number, string>,
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
    const worker = makers.get(ordinal) ?? null;
    done += 1;
    events.push({ event: 'frame.done', frame, worker, done, total: known.letters.length });
  }
  return { view: { ...view, own: { ...known, reported } }, events };
}
