import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { JobPatch, JobsPatch, type Watch } from '@parallel-pilot/shared/protocol/live.ts';
import { io, type Socket } from 'socket.io-client';
import { authorization, type Connection } from './request.ts';

type Watching = {
  /** Watching, for the first time or again: ask the HTTP API what was missed. */
  onWatching(): void;
  onLost(): void;
};
export type LiveEvents = Watching & { onPatch(patch: JobPatch): void };

/** Watches one job over `/live` until closed; connects again by itself for as long as it takes. */
export function watchJob(connection: Connection, job: JobId, events: LiveEvents): { close(): void } {
  const socket = openRoom(connection, job, events);
  socket.on('job', (data) => {
    const patch = JobPatch.safeParse(data);
    if (patch.success && patch.data.job === job) events.onPatch(patch.data);
  });
  return { close: () => void socket.close() };
}

/** The same for the jobs of the team: which of them changed, at most twice a second. */
export function watchJobs(
  connection: Connection,
  events: Watching & { onChanged(jobs: readonly JobId[]): void },
): { close(): void } {
  const socket = openRoom(connection, 'jobs', events);
  socket.on('jobs', (data) => {
    const patch = JobsPatch.safeParse(data);
    if (patch.success) events.onChanged(patch.data.jobs);
  });
  return { close: () => void socket.close() };
}

function openRoom({ url, key }: Connection, room: Watch['room'], { onWatching, onLost }: Watching): Socket {
  const socket = io(new URL('/live', url).href, {
    transports: ['websocket'],
    extraHeaders: authorization(key),
    reconnectionDelay: 200,
    reconnectionDelayMax: 2_000,
  });
  socket.on('connect', () => {
    socket
      .timeout(5_000)
      .emitWithAck('watch', { room })
      .then(onWatching, () => {});
  });
  socket.on('disconnect', onLost);
  // A refusal by a middleware ends Socket.IO's own attempts; the HTTP API tells the reason.
  socket.on('connect_error', onLost);
  return socket;
}
