import { setTimeout as pause } from 'node:timers/promises';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { Api } from '../api/client.ts';
import { watchJob } from '../api/live.ts';
import { isPassing } from '../api/request.ts';
import type { RunEvent } from '../report/events.ts';
import { SentenceError } from '../sentence-error.ts';
import { applyJob, applyPatch, type Change, type JobView, progressOf, type Trail } from './view.ts';

export type FollowOptions = {
  report(event: RunEvent): void;
  /** Aborted: following ends, the job goes on. Resolves null then. */
  signal: AbortSignal;
  /** The job is not new: what is done already is counted, but not told one by one. */
  underWay?: boolean;
};
/** Follows a job of one kind until it is over and resolves with it. */
export type Follow = (api: Api, id: JobId, options: FollowOptions) => Promise<JobDetail | null>;

const POLL_MS = 2_000;
const POLL_ALONE_MS = 700;
const GIVE_UP_AFTER_MS = 10 * 60_000;

/**
 * Follows a job until it is over and resolves with it. Patches over `/live`
 * make it lively, the HTTP API makes it right: what counts is fetched again
 * after every (re)connect and every few seconds, so a server that dies and
 * comes back costs nothing but the wait.
 */
export async function followJob<Own, Fetched>(
  trail: Trail<Own, Fetched>,
  api: Api,
  id: JobId,
  options: FollowOptions,
): Promise<JobDetail | null> {
  // Callbacks write it, which narrowing does not see.
  let view = null as JobView<Own> | null;
  let live = false;
  let lostAt: number | null = null;
  let wake = new AbortController();
  const publish = (change: Change<Own>) => {
    view = change.view;
    for (const event of change.events) options.report(event);
    options.report(progressOf(trail, view));
  };
  const socket = watchJob(api.connection, id, {
    onWatching() {
      live = true;
      wake.abort();
    },
    onPatch(patch) {
      if (view === null || isOver(view.job.state)) return;
      const change = applyPatch(trail, view, patch);
      publish(change);
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
      const fetched = await trail.fetch(api, applyJob(view, job, trail.opening).view);
      // From here on nothing is awaited: patches that came meanwhile are in `view`, and must not be lost.
      const change = applyJob(view, job, trail.opening);
      const own = fetched === null ? null : trail.take(change.view, fetched, options.underWay === true);
      if (silentSince !== null) options.report({ event: 'server.back', url: api.connection.url });
      // The kind's events before the job's, so that its last parts are told before its end.
      publish({ view: own?.view ?? change.view, events: [...(own?.events ?? []), ...change.events] });
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

const silent = (api: Api, id: JobId, cause: unknown) =>
  new SentenceError(
    `The farm at ${api.connection.url} has not answered for ${GIVE_UP_AFTER_MS / 60_000} minutes. The job ${id} goes on when it is back; "pilot download ${id}" fetches the result then.`,
    { cause },
  );
