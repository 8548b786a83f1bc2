import {
  CONTROL_REQUESTS,
  type StagePatch,
  type WorkersPatch,
} from '@parallel-pilot/shared/protocol/control.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Forget } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Namespace, Socket } from 'socket.io';
import type { Broadcast, Listener } from '../effects/broadcast.ts';
import type { Engine } from '../effects/engine.ts';
import { receive } from './receive.ts';
import type { Replies } from './replies.ts';

export type ControlParts = {
  workers: Namespace;
  engine: Engine;
  broadcast: Broadcast;
  replies: Replies;
  log: Log;
};

/** What the backend asks. */
export function serveControl(
  namespace: Namespace,
  { workers, engine, broadcast, replies, log }: ControlParts,
): void {
  namespace.on('connection', (socket) => {
    log.info({ event: 'control.connected' });
    receive(socket, 'jobs-changed', CONTROL_REQUESTS['jobs-changed'], log, ({ jobs }) => {
      engine.push({ type: 'jobs-hint', jobs });
    });
    // A hint about files, of which the farm's state knows nothing: it goes straight on.
    receive(socket, 'blobs-freed', CONTROL_REQUESTS['blobs-freed'], log, ({ blobs }) => {
      workers.emit('forget', { blobs } satisfies Forget);
    });
    receive(socket, 'retry-chunks', CONTROL_REQUESTS['retry-chunks'], log, ({ job }, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      engine.push({ type: 'retry', reply: replies.keep(ack), job });
    });
    receive(socket, 'reject-chunks', CONTROL_REQUESTS['reject-chunks'], log, (reject, ack) => {
      if (!engine.ready()) return ack(refusal('not-ready'));
      engine.push({ type: 'reject', reply: replies.keep(ack), reject });
    });
    broadcast.tellAll(listenerOf(socket));
  });
}

export const controlListeners = (namespace: Namespace): Listener[] =>
  Array.from(namespace.sockets.values(), listenerOf);

const listenerOf = (socket: Socket): Listener => ({
  stage: (patch: StagePatch) => void socket.emit('stage-patch', patch),
  workers: (patch: WorkersPatch) => void socket.emit('workers-patch', patch),
});
