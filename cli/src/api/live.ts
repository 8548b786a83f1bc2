import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import { io } from 'socket.io-client';
import { authorization, type Connection } from './request.ts';

export type LiveEvents = {
  /** Watching, for the first time or again: ask the HTTP API what was missed. */
  onWatching(): void;
  onPatch(patch: JobPatch): void;
  onLost(): void;
};

/** Watches one job over `/live` until closed; connects again by itself for as long as it takes. */
export function watchJob({ url, key }: Connection, job: JobId, events: LiveEvents): { close(): void } {
  const socket = io(new URL('/live', url).href, {
    transports: ['websocket'],
    extraHeaders: authorization(key),
    reconnectionDelay: 200,
    reconnectionDelayMax: 2_000,
  });
  socket.on('connect', () => {
    socket
      .timeout(5_000)
      .emitWithAck('watch', { room: job })
      .then(events.onWatching, () => {});
  });
  socket.on('job', (data) => {
    const patch = JobPatch.safeParse(data);
    if (patch.success && patch.data.job === job) events.onPatch(patch.data);
  });
  socket.on('disconnect', events.onLost);
  // A refusal by a middleware ends Socket.IO's own attempts; the HTTP API tells the reason.
  socket.on('connect_error', events.onLost);
  return { close: () => void socket.close() };
}
