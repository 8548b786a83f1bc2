import type { Server as HttpServer, IncomingHttpHeaders } from 'node:http';
import { type Actor, may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { JobId, PersonId, TeamId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { StagePatch, WorkersPatch } from '@parallel-pilot/shared/protocol/control.ts';
import { LIVE_MESSAGES, Watch } from '@parallel-pilot/shared/protocol/live.ts';
import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import { type Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findJobHead, teamsOfJobs } from '@parallel-pilot/shared/server/db/jobs.ts';
import { publicWorkers, teamsOfWorkers } from '@parallel-pilot/shared/server/db/workers.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { Server, type Socket } from 'socket.io';
import type { Live } from '../parts.ts';
import { createJobFeed, type JobFeed } from './job-feed.ts';
import { throttle } from './throttle.ts';
import { watchNotices } from './watch-notices.ts';

export interface LiveServer extends Live {
  stagePatch(patch: StagePatch): void;
  workersPatch(patch: WorkersPatch): void;
  close(): Promise<void>;
}

export type LiveDeps = {
  db: Db;
  log: Log;
  clock(): number;
  /** The same check as for an HTTP request: somebody who is known, from an own page. */
  authorizeRequest(
    headers: IncomingHttpHeaders,
    address: string,
  ): Promise<{ ok: true; principal: Watcher } | { ok: false; message: string }>;
};

/** Who watches, and for which team. */
type Watcher = Actor & Pick<Principal, 'person' | 'team'>;

/** Whoever may no longer watch is found out so often, where nobody said so before. */
const RECHECK_MS = 30_000;
/** The lists are told twice a second at most. */
const LISTS_MS = 500;
/** More changed rows than this between two messages are told as these many: the page fetches what it shows. */
const MOST_JOBS = 1_000;
const MOST_ROOMS = 16;
/** A page says which room it watches, and nothing else. */
const LONGEST_MESSAGE = 4 * 1024;

/**
 * Namespace `/live`: pages watch rooms and are told what changed, in small
 * patches. Nothing is gathered for a room that nobody is in.
 */
export function createLive(server: HttpServer, { db, log, clock, authorizeRequest }: LiveDeps): LiveServer {
  const mayStay = async (headers: IncomingHttpHeaders, address: string) => {
    try {
      return await authorizeRequest(headers, address);
    } catch (error) {
      log.error({ event: 'live.not-authorized', err: error });
      return { ok: false, message: 'The farm cannot tell at the moment who this is.' } as const;
    }
  };
  const io = new Server(server, {
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: LONGEST_MESSAGE,
    connectTimeout: 10_000,
    allowRequest: (request, answer) => {
      void mayStay(request.headers, request.socket.remoteAddress ?? 'unknown').then((decision) =>
        answer(decision.ok ? null : decision.message, decision.ok),
      );
    },
  });
  const pages = io.of('/live');
  const feeds = new Map<JobId, JobFeed>();
  const backgroundFraction = new Map<JobId, number>();
  const changedJobs = new Set<JobId>();
  const changedWorkers = new Set<WorkerId>();

  const watched = (room: string): boolean => (pages.adapter.rooms.get(room)?.size ?? 0) > 0;
  // With the database away the pages are sent nothing; they ask again when they reconnect or the next change comes.
  const jobsTimer = throttle(LISTS_MS, () => {
    const jobs = [...changedJobs];
    changedJobs.clear();
    void byTeam(
      jobs,
      (ids) => teamsOfJobs(db, ids),
      (team, changed) =>
        pages.to(listRoom('jobs', team)).emit('jobs', LIVE_MESSAGES.jobs.parse({ jobs: changed })),
    );
  });
  const workersTimer = throttle(LISTS_MS, () => {
    const workers = [...changedWorkers];
    changedWorkers.clear();
    void tellOfWorkers(workers).catch(() => undefined);
  });
  const tellOfWorkers = async (workers: WorkerId[]): Promise<void> => {
    const open = await publicWorkers(db, workers);
    const tell = (room: string | string[], changed: WorkerId[]) =>
      changed.length > 0 && pages.to(room).emit('workers', LIVE_MESSAGES.workers.parse({ workers: changed }));
    tell(WORKERS, [...open]);
    const others = workers.filter((worker) => !open.has(worker));
    await byTeam(
      others,
      (ids) => teamsOfWorkers(db, ids),
      (team, changed) => tell(listRoom('workers', team), changed),
    );
  };
  const listChanged = (job: JobId): void => {
    if (!anyList) return;
    if (changedJobs.size < MOST_JOBS) changedJobs.add(job);
    jobsTimer.ask();
  };
  const feedOf = (job: JobId): JobFeed | undefined => {
    if (!watched(job)) return undefined;
    const feed =
      feeds.get(job) ??
      createJobFeed(db, job, (patch) => pages.to(job).emit('job', LIVE_MESSAGES.job.parse(patch)));
    feeds.set(job, feed);
    return feed;
  };
  pages.adapter.on('delete-room', (room: string) => {
    feeds.get(room as JobId)?.close();
    feeds.delete(room as JobId);
  });
  let anyList = false;
  const noteLists = () => {
    anyList = [...pages.adapter.rooms.keys()].some((room) => room.startsWith('jobs:'));
  };
  pages.adapter.on('create-room', noteLists);
  pages.adapter.on('delete-room', noteLists);
  // Who it is was found out for the request that became this connection; asked once more, for what it may watch.
  pages.use((socket, next) => {
    void mayStay(socket.handshake.headers, socket.handshake.address).then((decision) => {
      if (!decision.ok) return next(new Error(decision.message));
      socket.data.watcher = decision.principal;
      next();
    });
  });
  pages.on('connection', (socket) => welcome(socket, db, log));
  const recheck = () => {
    for (const socket of pages.sockets.values()) {
      const { headers, address } = socket.handshake;
      const before: Watcher = socket.data.watcher;
      void mayStay(headers, address).then((decision) => {
        const same =
          decision.ok &&
          decision.principal.person === before.person &&
          decision.principal.team === before.team;
        if (!same || !may(decision.principal, 'jobs.see')) socket.disconnect(true);
      });
    }
  };
  const noticesChanged = (person: PersonId): void => {
    pages.to(noticesRoom(person)).emit('notices', LIVE_MESSAGES.notices.parse({}));
  };
  const notices = watchNotices({
    db,
    clock,
    watchers: () => [...pages.adapter.rooms.keys()].flatMap(watcherOf),
    tell: noticesChanged,
  });
  const rechecking = setInterval(recheck, RECHECK_MS).unref();

  return {
    jobChanged(job) {
      // Until the next word on it, nothing is being put together.
      backgroundFraction.delete(job);
      feedOf(job)?.changed();
      listChanged(job);
    },
    backgroundProgressed(job, fraction) {
      backgroundFraction.set(job, fraction);
      feedOf(job)?.backgroundProgressed(fraction);
    },
    backgroundFractionOf: (job) => backgroundFraction.get(job) ?? null,
    jobDeleted(job, team) {
      backgroundFraction.delete(job);
      feedOf(job)?.changed();
      pages.to(listRoom('jobs', team)).emit('jobs', LIVE_MESSAGES.jobs.parse({ jobs: [job] }));
    },
    stagePatch(patch) {
      feedOf(patch.job)?.patch(patch);
      if (patch.changes.length > 0) listChanged(patch.job);
    },
    workersChanged(workers, everybody) {
      if (!watched(WORKERS)) return;
      if (everybody) pages.to(WORKERS).emit('workers', LIVE_MESSAGES.workers.parse({ workers }));
      for (const worker of workers) changedWorkers.add(worker);
      workersTimer.ask();
    },
    workersPatch(patch) {
      if (!watched(WORKERS)) return;
      for (const { worker } of patch.workers) changedWorkers.add(worker);
      workersTimer.ask();
    },
    noticesChanged,
    recheck,
    async close() {
      clearInterval(rechecking);
      notices.close();
      jobsTimer.cancel();
      workersTimer.cancel();
      for (const feed of feeds.values()) feed.close();
      // Not io.close(): that would also close the HTTP server, which belongs to main.ts.
      io.disconnectSockets(true);
      io.engine.close();
    },
  };
}

/** The room of a team's list. All pages that watch workers are in `WORKERS` too: some machines work for everyone. */
const listRoom = (list: 'jobs' | 'workers', team: TeamId): string => `${list}:${team}`;
const WORKERS = 'workers';
/** The room of what somebody is told, and who that is. */
const noticesRoom = (person: PersonId): string => `${NOTICES}${person}`;
const NOTICES = 'notices:';
const watcherOf = (room: string): PersonId[] =>
  room.startsWith(NOTICES) ? [room.slice(NOTICES.length) as PersonId] : [];

async function byTeam<T>(
  changed: T[],
  teamsOf: (changed: T[]) => Promise<Map<T, TeamId>>,
  tell: (team: TeamId, changed: T[]) => void,
): Promise<void> {
  if (changed.length === 0) return;
  const teams = await teamsOf(changed).catch(() => new Map<T, TeamId>());
  const grouped = Map.groupBy(teams.keys(), (one) => teams.get(one) as TeamId);
  for (const [team, ones] of grouped) tell(team, ones);
}

function welcome(socket: Socket, db: Db, log: Log): void {
  const rooms: string[] = [];
  const watcher: Watcher = socket.data.watcher;
  const take = (name: string, act: (room: Watch['room']) => Promise<boolean> | boolean) =>
    socket.on(name, async (message: unknown, acknowledge: unknown) => {
      const parsed = parseMessage(Watch, message);
      if (!parsed.ok) log.debug({ event: 'live.invalid-message', name, issue: parsed.issue });
      const reply = parsed.ok
        ? await answer(() => act(parsed.message.room), log)
        : refusal('invalid-message');
      if (typeof acknowledge === 'function') acknowledge(reply);
    });
  const leave = (room: string): true => {
    if (rooms.includes(room)) rooms.splice(rooms.indexOf(room), 1);
    for (const inside of insideOf(room, watcher)) void socket.leave(inside);
    return true;
  };
  take('unwatch', leave);
  take('watch', async (room) => {
    if (!(await mayWatch(db, watcher, room))) return false;
    if (rooms.includes(room)) return true;
    // A page has one job open, and the lists; the oldest room goes so that a page that never leaves stays small.
    const [oldest] = rooms;
    if (rooms.length >= MOST_ROOMS && oldest !== undefined) leave(oldest);
    rooms.push(room);
    for (const inside of insideOf(room, watcher)) void socket.join(inside);
    return true;
  });
}

/** What a page calls a room, and what it is called in here. */
function insideOf(room: string, { person, team }: Watcher): string[] {
  if (room === 'jobs') return [listRoom('jobs', team)];
  if (room === 'notices') return [noticesRoom(person)];
  return room === 'workers' ? [listRoom('workers', team), WORKERS] : [room];
}

/** A job of another team is as unknown as one that never was. */
async function mayWatch(db: Db, watcher: Watcher, room: Watch['room']): Promise<boolean> {
  if (room === 'workers') return may(watcher, 'workers.see');
  if (room === 'jobs') return may(watcher, 'jobs.see');
  if (room === 'notices') return may(watcher, 'account.see');
  return may(watcher, 'jobs.see') && (await findJobHead(db, room, watcher.team)) !== undefined;
}

async function answer(act: () => Promise<boolean> | boolean, log: Log): Promise<Reply> {
  try {
    return (await act()) ? { ok: true } : refusal('room-unknown');
  } catch (error) {
    log.error({ event: 'live.not-watched', err: error });
    return refusal('not-ready');
  }
}
