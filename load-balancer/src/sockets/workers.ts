import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { type Done, WORKER_MESSAGES } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Namespace, Socket } from 'socket.io';
import type { Broadcast } from '../effects/broadcast.ts';
import type { Engine } from '../effects/engine.ts';
import type { SessionId } from '../farm/farm.ts';
import { recordBlobs, recordHeartbeat, recordLoad, recordProgress } from '../farm/record-heartbeat.ts';
import { passOf } from './admit.ts';
import type { Calls } from './calls.ts';
import { receive } from './receive.ts';
import type { Replies } from './replies.ts';

const LONGEST_RESULT = 256 * 1024;

export type WorkerSocketParts = {
  engine: Engine;
  broadcast: Broadcast;
  calls: Calls;
  sessions: Map<SessionId, Socket>;
  replies: Replies;
  clock: Clock;
  log: Log;
};

/** Hands what workers say to the engine; what is never stored goes into the farm at once. */
export function serveWorkers(namespace: Namespace, parts: WorkerSocketParts): void {
  let last = 0;
  namespace.on('connection', (socket) => {
    last += 1;
    parts.sessions.set(last, socket);
    serveWorker(socket, last, parts);
  });
}

function serveWorker(socket: Socket, session: SessionId, parts: WorkerSocketParts): void {
  const { engine, sessions, calls, log } = parts;
  socket.on('disconnect', (reason) => {
    calls.gone(session);
    sessions.delete(session);
    engine.push({ type: 'disconnected', session, clean: reason === 'client namespace disconnect' });
  });
  socket.on('error', (error) => log.warn({ event: 'socket.error', err: error }));
  takeReports(socket, session, parts);
  takeSigns(socket, session, parts);
}

/** Messages that are stored. */
function takeReports(socket: Socket, session: SessionId, parts: WorkerSocketParts): void {
  const { engine, replies, log } = parts;
  const alive = () => recordHeartbeat(engine.farm, session, parts.clock());
  receive(socket, 'hello', WORKER_MESSAGES.hello, log, ({ identity, ...hello }, ack) => {
    if (!engine.ready()) return ack(refusal('not-ready'));
    const { address } = socket.handshake;
    const identityHash = sha256(identity);
    const pass = passOf(socket);
    engine.push({ type: 'hello', session, reply: replies.keep(ack), address, pass, hello, identityHash });
  });
  receive(socket, 'started', WORKER_MESSAGES.started, log, ({ lease }) => {
    alive();
    engine.push({ type: 'started', session, lease });
  });
  receive(socket, 'done', WORKER_MESSAGES.done, log, (done, ack) => {
    alive();
    const problem = tooLong(done);
    if (problem !== null) return ack(refusal('invalid-message', problem));
    engine.push({ type: 'done', session, reply: replies.keep(ack), done });
  });
  receive(socket, 'failed', WORKER_MESSAGES.failed, log, (failed, ack) => {
    alive();
    engine.push({ type: 'failed', session, reply: replies.keep(ack), failed });
  });
  receive(socket, 'preempted', WORKER_MESSAGES.preempted, log, (preempted, ack) => {
    alive();
    engine.push({ type: 'preempted', session, reply: replies.keep(ack), preempted });
  });
  receive(socket, 'released', WORKER_MESSAGES.released, log, (released, ack) => {
    alive();
    engine.push({ type: 'released', session, reply: replies.keep(ack), released });
  });
  receive(socket, 'leaving', WORKER_MESSAGES.leaving, log, (_, ack) => {
    engine.push({ type: 'leaving', session, reply: replies.keep(ack) });
  });
}

function tooLong({ result }: Done): string | null {
  const length = JSON.stringify(result ?? null).length;
  return length <= LONGEST_RESULT
    ? null
    : `The result has ${length} characters, more than ${LONGEST_RESULT}.`;
}

/** Signs of life. */
function takeSigns(socket: Socket, session: SessionId, parts: WorkerSocketParts): void {
  const { engine, broadcast, calls, clock, log } = parts;
  const worker = () => recordHeartbeat(engine.farm, session, clock());
  receive(socket, 'heartbeat', WORKER_MESSAGES.heartbeat, log, (heartbeat) => {
    const from = worker();
    if (from === undefined) return;
    recordLoad(from, heartbeat);
    const { draining, lent } = heartbeat;
    if (draining !== from.draining) engine.push({ type: 'draining', session, draining });
    if (lent !== undefined) engine.push({ type: 'lent', session, lent });
    broadcast.workerChanged(from.id);
  });
  receive(socket, 'progress', WORKER_MESSAGES.progress, log, (progress) => {
    const from = worker();
    if (from === undefined) return;
    for (const { lease, log: printed } of recordProgress(engine.farm, from, progress, clock()))
      broadcast.progressed(lease, printed);
  });
  receive(socket, 'callable', WORKER_MESSAGES.callable, log, (said) => {
    if (worker() !== undefined) calls.callable(session, said);
  });
  receive(socket, 'blobs-changed', WORKER_MESSAGES['blobs-changed'], log, (changed) => {
    const from = worker();
    if (from !== undefined) recordBlobs(from, changed);
  });
}
