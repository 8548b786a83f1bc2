import { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import type { JobId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { WaitReason } from '@parallel-pilot/shared/model/wait-reason.ts';
import {
  type Call,
  CallEnd,
  callFailed,
  InstancesPatch,
  longestOf,
} from '@parallel-pilot/shared/protocol/calls.ts';
import { addStagePatch, type ChunkNews, noNews } from '@parallel-pilot/shared/protocol/chunk-news.ts';
import {
  type ChunkProgress,
  CONTROL_REQUESTS,
  type DayForecast,
  JobEnds,
  MOST_FREED,
  StagePatch,
  WaitReasons,
  WorkersPatch,
} from '@parallel-pilot/shared/protocol/control.ts';
import { handshake, isTokenRefused } from '@parallel-pilot/shared/protocol/handshake.ts';
import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import {
  REFUSALS,
  type Reply,
  Reply as ReplySchema,
  refusal,
} from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';
import type { BalancerLink } from '../parts.ts';
import { rememberAnswers } from './remember-answers.ts';

/** What the balancer tells without being asked. `connected` comes after every (re)connect. */
export type BalancerHints = {
  connected(): void;
  stagePatch(patch: StagePatch): void;
  workersPatch(patch: WorkersPatch): void;
};

export interface ConnectedBalancer extends BalancerLink {
  /** Hints before the first call are lost: the database says the same. */
  listen(hints: BalancerHints): void;
}

const REPLY_MS = 5_000;
/** A page that shows the job waits for it. */
const LOOK_MS = 500;

/**
 * The backend's end of `/control`. Connects for as long as it lives; what it
 * says while the balancer is away is dropped, for the balancer reads the
 * database when it comes. Every message is parsed, both ways.
 */
export function connectBalancer(options: { url: string; token: string; log: Log }): ConnectedBalancer {
  const { log } = options;
  const socket = io(`${options.url.replace(/\/$/, '')}/control`, {
    ...handshake(options.token),
    reconnectionDelay: 200,
    reconnectionDelayMax: 2_000,
  });
  const seen = rememberHints();
  const callable = rememberInstances();
  const reasons = rememberAnswers((jobs) => reasonsOf(socket, jobs));
  const ends = rememberAnswers((jobs) => endsOf(socket, jobs));
  let forecast: DayForecast | null = null;
  let hints: BalancerHints | null = null;
  let refused: ReturnType<typeof setTimeout> | undefined;

  socket.on('connect', () => {
    log.info({ event: 'balancer.connected' });
    if (forecast !== null) socket.emit('load-forecast', forecast);
    hints?.connected();
  });
  socket.on('disconnect', (reason) => {
    seen.clear();
    callable.clear();
    log.warn({ event: 'balancer.disconnected', reason });
    // Socket.IO does not come back by itself after the other side has closed the connection.
    if (reason === 'io server disconnect') socket.connect();
  });
  socket.on('connect_error', (error) => {
    if (isTokenRefused(error)) log.warn({ event: 'balancer.refused', message: REFUSALS['bad-token'] });
    else log.debug({ event: 'balancer.unreachable', message: error.message });
    // Nor after a refused handshake: a balancer that is just starting may refuse with `not-ready`.
    if (socket.active) return;
    log.warn({ event: 'balancer.refused', message: error.message });
    clearTimeout(refused);
    refused = setTimeout(() => socket.connect(), 2_000);
  });
  receive(socket, 'stage-patch', StagePatch, log, (patch) => {
    seen.stagePatch(patch);
    hints?.stagePatch(patch);
  });
  receive(socket, 'workers-patch', WorkersPatch, log, (patch) => {
    seen.workersPatch(patch);
    hints?.workersPatch(patch);
  });
  receive(socket, 'instances-patch', InstancesPatch, log, callable.patch);

  return {
    listen(given) {
      hints = given;
      if (socket.connected) given.connected();
    },
    connected: () => socket.connected,
    jobsChanged(jobs) {
      if (!socket.connected || jobs.length === 0) return;
      socket.emit('jobs-changed', CONTROL_REQUESTS['jobs-changed'].parse({ jobs }));
    },
    workersChanged(workers) {
      if (!socket.connected || workers.length === 0) return;
      socket.emit('workers-changed', CONTROL_REQUESTS['workers-changed'].parse({ workers }));
    },
    drainWorker: (worker) => ask(socket, 'drain-worker', { worker }),
    blobsFreed(blobs) {
      for (let at = 0; socket.connected && at < blobs.length; at += MOST_FREED) {
        const message = { blobs: blobs.slice(at, at + MOST_FREED) };
        socket.emit('blobs-freed', CONTROL_REQUESTS['blobs-freed'].parse(message));
      }
    },
    retryChunks: (job) => ask(socket, 'retry-chunks', { job }),
    rejectChunks: (request) => ask(socket, 'reject-chunks', request),
    whyWaiting: (jobs) => reasons.of(jobs),
    endsOf: (jobs) => ends.of(jobs),
    tellForecast(given) {
      forecast = CONTROL_REQUESTS['load-forecast'].parse(given);
      if (socket.connected) socket.emit('load-forecast', forecast);
    },
    supposeJob: (supposed) => look(socket, 'suppose-job', supposed, EndOutlook),
    call: (call) => passOn(socket, call),
    retire(lease) {
      if (socket.connected) socket.emit('retire', CONTROL_REQUESTS.retire.parse({ lease }));
    },
    instances: () => callable.all,
    onInstances: callable.listen,
    workers: () => seen.workers,
    progress: (job) => seen.progress(job),
    close() {
      clearTimeout(refused);
      socket.disconnect();
    },
  };
}

function receive<S extends z.ZodType>(
  socket: Socket,
  name: string,
  schema: S,
  log: Log,
  take: (message: z.output<S>) => void,
): void {
  socket.on(name, (message: unknown) => {
    const parsed = parseMessage(schema, message);
    if (parsed.ok) take(parsed.message);
    else log.warn({ event: 'balancer.invalid-message', name, issue: parsed.issue });
  });
}

async function ask(
  socket: Socket,
  name: 'retry-chunks' | 'reject-chunks' | 'drain-worker',
  request: unknown,
): Promise<Reply> {
  if (!socket.connected) return refusal('not-ready');
  try {
    const reply = await socket.timeout(REPLY_MS).emitWithAck(name, CONTROL_REQUESTS[name].parse(request));
    const parsed = parseMessage(ReplySchema, reply);
    return parsed.ok ? parsed.message : refusal('invalid-message');
  } catch (error) {
    // Only the time-out is expected here; a request that does not fit its schema is a bug.
    if (error instanceof Error && /timed out|disconnected/.test(error.message)) return refusal('not-ready');
    throw error;
  }
}

/** The balancer answers before this is over. */
const CALL_PATIENCE_MS = 20_000;

async function passOn(socket: Socket, call: Call): Promise<CallEnd> {
  if (!socket.connected) return callFailed('no-instance', 'The load balancer cannot be reached.');
  const said: unknown = await socket
    .timeout(longestOf(call) + CALL_PATIENCE_MS)
    .emitWithAck('call', call)
    .catch(() => null);
  const parsed = parseMessage(CallEnd, said);
  return parsed.ok
    ? parsed.message
    : callFailed(
        'worker-lost',
        'The load balancer was lost while the call ran. It may have been done, or a part of it.',
      );
}

/** What can be called, by the word of the balancer. */
function rememberInstances() {
  const all = new Map<WorkerId, InstancesPatch['instances']>();
  const listeners: (() => void)[] = [];
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    all,
    listen: (listener: () => void) => void listeners.push(listener),
    clear() {
      all.clear();
      tell();
    },
    patch({ worker, instances }: InstancesPatch) {
      if (instances.length === 0) all.delete(worker);
      else all.set(worker, instances);
      tell();
    },
  };
}

/** What is only looked at. Null where no answer came that makes sense. */
async function look<S extends z.ZodType>(
  socket: Socket,
  name: 'why-waiting' | 'foresee-ends' | 'suppose-job',
  request: unknown,
  answer: S,
): Promise<z.output<S> | null> {
  if (!socket.connected) return null;
  const reply: unknown = await socket
    .timeout(LOOK_MS)
    .emitWithAck(name, CONTROL_REQUESTS[name].parse(request))
    .catch(() => null);
  const parsed = parseMessage(answer, reply);
  return parsed.ok ? parsed.message : null;
}

async function reasonsOf(socket: Socket, jobs: JobId[]): Promise<Map<JobId, WaitReason> | null> {
  const found = await look(socket, 'why-waiting', { jobs }, WaitReasons);
  return found && new Map(found.reasons.map(({ job, reason }) => [job, reason]));
}

async function endsOf(socket: Socket, jobs: JobId[]): Promise<Map<JobId, EndOutlook> | null> {
  const found = await look(socket, 'foresee-ends', { jobs }, JobEnds);
  return found && new Map(found.ends.map(({ job, ...end }) => [job, end]));
}

/** The last word on each connected worker and on each chunk under way: bounded by the farm's slots. */
function rememberHints() {
  const workers = new Map<WorkerId, WorkersPatch['workers'][number]>();
  const stages = new Map<JobId, { stage: StageId; news: ChunkNews<ChunkProgress> }>();

  const newsOf = (job: JobId, stage: StageId): ChunkNews<ChunkProgress> => {
    const known = stages.get(job);
    if (known?.stage === stage) return known.news;
    const news = noNews<ChunkProgress>();
    stages.set(job, { stage, news });
    return news;
  };
  return {
    workers,
    progress: (job: JobId) => [...(stages.get(job)?.news.progress.values() ?? [])],
    clear() {
      workers.clear();
      stages.clear();
    },
    stagePatch(patch: StagePatch) {
      const news = newsOf(patch.job, patch.stage);
      addStagePatch(news, patch);
      // What has changed is asked of the database: only what is under way is kept.
      news.changes.clear();
      if (patch.settled || news.progress.size === 0) stages.delete(patch.job);
    },
    workersPatch(patch: WorkersPatch) {
      for (const one of patch.workers) {
        if (one.status === 'offline') workers.delete(one.worker);
        else workers.set(one.worker, one);
      }
    },
  };
}
