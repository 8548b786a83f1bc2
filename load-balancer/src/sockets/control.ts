import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import {
  CONTROL_REQUESTS,
  type JobEnds,
  type StagePatch,
  type WaitReasons,
  type WorkersPatch,
} from '@parallel-pilot/shared/protocol/control.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Forget } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Namespace, Socket } from 'socket.io';
import type { Broadcast, Listener } from '../effects/broadcast.ts';
import type { Engine } from '../effects/engine.ts';
import type { SessionId } from '../farm/farm.ts';
import { takeGiven } from '../farm/record-given.ts';
import { endIfSubmitted, endsOfJobs } from '../scheduling/end-outlook.ts';
import { whyWaiting } from '../scheduling/why-waiting.ts';
import type { Calls } from './calls.ts';
import { receive } from './receive.ts';
import type { Replies } from './replies.ts';

export type ControlParts = {
  sessions: ReadonlyMap<SessionId, Socket>;
  engine: Engine;
  broadcast: Broadcast;
  calls: Calls;
  replies: Replies;
  clock: Clock;
  log: Log;
};

/** What the backend asks. */
export function serveControl(
  namespace: Namespace,
  { sessions, engine, broadcast, calls, replies, clock, log }: ControlParts,
): void {
  namespace.on('connection', (socket) => {
    log.info({ event: 'control.connected' });
    receive(socket, 'jobs-changed', CONTROL_REQUESTS['jobs-changed'], log, ({ jobs }) => {
      engine.push({ type: 'jobs-hint', jobs });
    });
    // A hint about files, on which nothing of the farm's state depends: it goes straight on, to those who know of them.
    receive(socket, 'blobs-freed', CONTROL_REQUESTS['blobs-freed'], log, ({ blobs }) => {
      for (const worker of engine.farm.workers.values()) {
        if (worker.session === null) continue;
        const keys = takeGiven(worker, blobs);
        if (keys.length > 0) sessions.get(worker.session)?.emit('forget', { blobs: keys } satisfies Forget);
      }
    });
    receive(socket, 'workers-changed', CONTROL_REQUESTS['workers-changed'], log, (hint) => {
      engine.push({ type: 'workers-hint', workers: hint.workers });
    });
    receive(socket, 'drain-worker', CONTROL_REQUESTS['drain-worker'], log, ({ worker }, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      engine.push({ type: 'drain-worker', reply: replies.keep(ack), worker });
    });
    receive(socket, 'retry-chunks', CONTROL_REQUESTS['retry-chunks'], log, ({ job }, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      engine.push({ type: 'retry', reply: replies.keep(ack), job });
    });
    receive(socket, 'reject-chunks', CONTROL_REQUESTS['reject-chunks'], log, (reject, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      engine.push({ type: 'reject', reply: replies.keep(ack), reject });
    });
    // Only looked at, and of the farm as the last round left it.
    receive(socket, 'why-waiting', CONTROL_REQUESTS['why-waiting'], log, ({ jobs }, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      ack({ reasons: whyWaiting(engine.farm, jobs, clock()) } satisfies WaitReasons);
    });
    receive(socket, 'foresee-ends', CONTROL_REQUESTS['foresee-ends'], log, ({ jobs }, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      ack({ ends: endsOfJobs(engine.farm, jobs, clock()) } satisfies JobEnds);
    });
    receive(socket, 'suppose-job', CONTROL_REQUESTS['suppose-job'], log, (supposed, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      ack(endIfSubmitted(engine.farm, supposed, clock()) satisfies EndOutlook);
    });
    receive(socket, 'load-forecast', CONTROL_REQUESTS['load-forecast'], log, (forecast) => {
      engine.push({ type: 'load-forecast', forecast });
    });
    receive(socket, 'call', CONTROL_REQUESTS.call, log, (call, ack) => calls.call(call, ack));
    receive(socket, 'retire', CONTROL_REQUESTS.retire, log, (retire, ack) => {
      calls.retire(retire);
      ack({ ok: true });
    });
    broadcast.tellAll(listenerOf(socket));
    for (const patch of calls.all()) socket.emit('instances-patch', patch);
  });
}

export const controlListeners = (namespace: Namespace): Listener[] =>
  Array.from(namespace.sockets.values(), listenerOf);

const listenerOf = (socket: Socket): Listener => ({
  stage: (patch: StagePatch) => void socket.emit('stage-patch', patch),
  workers: (patch: WorkersPatch) => void socket.emit('workers-patch', patch),
});
