import { setTimeout as pause } from 'node:timers/promises';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { Api } from '../api/client.ts';
import { watchJob } from '../api/live.ts';
import { isPassing } from '../api/request.ts';
import type { RenderEvent } from '../report/events.ts';
import { SentenceError } from '../sentence-error.ts';
import { applyJob, applyPatch, applyStates, type Change, type JobView, progressOf, tally } from './view.ts';

export type FollowOptions = {
  report(event: RenderEvent): void;
  /** Aborted: following ends, the job goes on. Resolves null then. */
  signal: AbortSignal;
  /** The job is not new: frames that are done already are counted, but not told one by one. */
  underWay?: boolean;
};

const POLL_MS = 2_000;
const POLL_ALONE_MS = 700;
const GIVE_UP_AFTER_MS = 10 * 60_000;

/**
 * Follows a job until it is over and resolves with it. Patches over `/live`
 * make it lively, the HTTP API makes it right: what counts is fetched again
 * after every (re)connect and every few seconds, so a server that dies and
 * comes back costs nothing but the wait.
 */
export async function followJob(api: Api, id: JobId, options: FollowOptions): Promise<JobDetail | null> {
  // Callbacks write it, which narrowing does not see.
  let view = null as JobView | null;
  let live = false;
  let lostAt: number | null = null;
  let wake = new AbortController();
  const tell = (change: Change) => {
    view = change.view;
    for (const event of change.events) options.report(event);
    options.report(progressOf(view));
  };
  const socket = watchJob(api.connection, id, {
    onWatching() {
      live = true;
      wake.abort();
    },
    onPatch(patch) {
      if (view === null || isOver(view.job.state)) return;
      const change = applyPatch(view, patch);
      tell(change);
      if (change.stale) wake.abort();
    },
    onLost() {
      live = false;
    },
  });
  try {
    while (!options.signal.aborted) {
      wake = new AbortController();
      lostAt = await refresh(lostAt);
      if (lostAt === null && view !== null && isOver(view.job.state)) return view.job;
      const idleMs = live && lostAt === null ? POLL_MS : POLL_ALONE_MS;
      await pause(idleMs, undefined, { signal: AbortSignal.any([wake.signal, options.signal]) }).catch(
        () => {},
      );
    }
    return null;
  } finally {
    socket.close();
  }

  /** Fetches what is needed to be right. Returns since when the server has been silent, null when it answered. */
  async function refresh(silentSince: number | null): Promise<number | null> {
    try {
      const job = await api.job(id);
      const states = needsStates(applyJob(view, job).view) ? await api.states(id) : null;
      // From here on nothing is awaited: patches that came meanwhile are in `view`, and must not be lost.
      const untold = options.underWay === true && view?.frames == null;
      const change = applyJob(view, job);
      const frames = states === null ? null : applyStates(change.view, states);
      const frameEvents = frames === null || untold ? [] : frames.events;
      if (silentSince !== null) options.report({ event: 'server.back', url: api.connection.url });
      // States before the job's events, so that the last frames are told before its end.
      tell({ view: frames?.view ?? change.view, events: [...frameEvents, ...change.events] });
      return null;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (silentSince === null) options.report({ event: 'server.lost', url: api.connection.url });
      const since = silentSince ?? performance.now();
      if (performance.now() - since > GIVE_UP_AFTER_MS) throw silent(api, id, error);
      return since;
    }
  }
}

// 100,000 states are not fetched every other second: only when they cannot be what is known here.
function needsStates(view: JobView): boolean {
  const { counts } = view.job;
  if (counts.total === 0) return false;
  if (view.frames === null) return true;
  const { done, failed } = tally(view);
  return done !== counts.done || failed !== counts.failed || isOver(view.job.state);
}

const silent = (api: Api, id: JobId, cause: unknown) =>
  new SentenceError(
    `The farm at ${api.connection.url} has not answered for ${GIVE_UP_AFTER_MS / 60_000} minutes. The job ${id} goes on when it is back; "pilot download ${id}" fetches the result then.`,
    { cause },
  );
