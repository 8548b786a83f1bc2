import type { Server as HttpServer, IncomingHttpHeaders } from 'node:http';
import type { JobId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { StagePatch, WorkersPatch } from '@parallel-pilot/shared/protocol/control.ts';
import { LIVE_MESSAGES, Watch } from '@parallel-pilot/shared/protocol/live.ts';
import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import { type Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { Server, type Socket } from 'socket.io';
import type { Live } from '../parts.ts';
import { createJobFeed, type JobFeed } from './job-feed.ts';
import { throttle } from './throttle.ts';

export interface LiveServer extends Live {
  stagePatch(patch: StagePatch): void;
  workersPatch(patch: WorkersPatch): void;
  /** Ends the connections of pages that would not be let in any more. */
  dropSignedOut(): void;
  close(): Promise<void>;
}

export type LiveDeps = {
  db: Db;
  log: Log;
  /** The same check as for an HTTP request: the owner, from an own page. */
  authorizeRequest(
    headers: IncomingHttpHeaders,
    address: string,
  ): Promise<{ ok: true } | { ok: false; message: string }>;
};

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
export function createLive(server: HttpServer, { db, log, authorizeRequest }: LiveDeps): LiveServer {
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
  const jobsTimer = throttle(LISTS_MS, () => {
    const jobs = [...changedJobs];
    changedJobs.clear();
    pages.to('jobs').emit('jobs', LIVE_MESSAGES.jobs.parse({ jobs }));
  });
  const workersTimer = throttle(LISTS_MS, () => {
    const workers = [...changedWorkers];
    changedWorkers.clear();
    pages.to('workers').emit('workers', LIVE_MESSAGES.workers.parse({ workers }));
  });
  const listChanged = (job: JobId): void => {
    if (!watched('jobs')) return;
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
  pages.on('connection', (socket) => welcome(socket, log));

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
    stagePatch(patch) {
      feedOf(patch.job)?.patch(patch);
      if (patch.changes.length > 0) listChanged(patch.job);
    },
    workersPatch(patch) {
      if (!watched('workers')) return;
      for (const { worker } of patch.workers) changedWorkers.add(worker);
      workersTimer.ask();
    },
    dropSignedOut() {
      for (const socket of pages.sockets.values()) {
        const { headers, address } = socket.handshake;
        void mayStay(headers, address).then((decision) => decision.ok || socket.disconnect(true));
      }
    },
    async close() {
      jobsTimer.cancel();
      workersTimer.cancel();
      for (const feed of feeds.values()) feed.close();
      // Not io.close(): that would also close the HTTP server, which belongs to main.ts.
      io.disconnectSockets(true);
      io.engine.close();
    },
  };
}

function welcome(socket: Socket, log: Log): void {
  const rooms: string[] = [];
  const take = (name: string, act: (room: string) => void) =>
    socket.on(name, (message: unknown, acknowledge: unknown) => {
      const parsed = parseMessage(Watch, message);
      if (parsed.ok) act(parsed.message.room);
      else log.debug({ event: 'live.invalid-message', name, issue: parsed.issue });
      const reply: Reply = parsed.ok ? { ok: true } : refusal('invalid-message');
      if (typeof acknowledge === 'function') acknowledge(reply);
    });
  const leave = (room: string): void => {
    if (rooms.includes(room)) rooms.splice(rooms.indexOf(room), 1);
    void socket.leave(room);
  };
  take('unwatch', leave);
  take('watch', (room) => {
    if (rooms.includes(room)) return;
    // A page has one job open, and the lists; the oldest room goes so that a page that never leaves stays small.
    const [oldest] = rooms;
    if (rooms.length >= MOST_ROOMS && oldest !== undefined) leave(oldest);
    rooms.push(room);
    void socket.join(room);
  });
}
