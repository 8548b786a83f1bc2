import { mergePatches } from '@parallel-pilot/shared/api/job-patch.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { JobPatch, JobsPatch, WorkersChanged } from '@parallel-pilot/shared/protocol/live.ts';
import type { QueryClient } from '@tanstack/react-query';
import { io, type Socket } from 'socket.io-client';
import { presentToken } from '../api/request.ts';
import { connection } from './connection.ts';
import { refreshRows } from './job-rows.ts';
import { patchJobQueries } from './patch-queries.ts';
import { refreshPipelines } from './refresh-pipelines.ts';

export type Room = 'jobs' | 'workers' | 'notices' | JobId;

/** The live connection: rooms are watched while some page looks, and patches reach the query cache at most 10 times a second. */
export interface LiveRooms {
  /** `onWatched` is called once, when the farm says that it tells of the room. */
  watch(room: Room, onWatched?: () => void): () => void;
  close(): void;
}

const FLUSH_MS = 100;

export function openLiveRooms(queries: QueryClient): LiveRooms {
  const socket = io('/live', {
    transports: ['websocket'],
    reconnectionDelayMax: 3_000,
    // Tokens of a minute are asked for anew each time it connects; their script keeps the cookie as new.
    auth: (give) => void presentToken().then((token) => give(token === null ? {} : { token })),
  });
  const watchers = new Map<Room, number>();
  const pending = new Map<string, JobPatch>();
  const waiting = new Map<() => void, Room>();
  const told = (room: Room) => {
    for (const [onWatched, of] of waiting) {
      if (of !== room) continue;
      waiting.delete(onWatched);
      onWatched();
    }
  };
  let timer: ReturnType<typeof setTimeout> | null = null;

  const flush = () => {
    timer = null;
    const patches = [...pending.values()];
    pending.clear();
    for (const patch of patches) patchJobQueries(queries, patch);
  };

  socket.on('connect', () => {
    connection.set({ live: 'on' });
    for (const room of watchers.keys()) enter(socket, queries, room, told);
  });
  socket.on('disconnect', () => connection.set({ live: 'off' }));
  socket.on('connect_error', () => connection.set({ live: 'off' }));
  socket.on('job', (message: unknown) => {
    const parsed = JobPatch.safeParse(message);
    if (!parsed.success) return;
    const patch = parsed.data;
    const earlier = pending.get(patch.job);
    pending.set(patch.job, earlier === undefined ? patch : mergePatches(earlier, patch));
    timer ??= setTimeout(flush, FLUSH_MS);
  });
  socket.on('jobs', (message: unknown) => {
    const parsed = JobsPatch.safeParse(message);
    if (!parsed.success) return;
    void refreshRows(queries, parsed.data.jobs);
    refreshPipelines(queries, parsed.data.jobs);
  });
  socket.on('workers', (message: unknown) => {
    if (WorkersChanged.safeParse(message).success) void queries.invalidateQueries({ queryKey: ['workers'] });
  });

  socket.on('notices', () => void queries.invalidateQueries({ queryKey: ['notices'] }));

  return {
    watch(room, onWatched) {
      if (onWatched !== undefined) waiting.set(onWatched, room);
      const count = watchers.get(room) ?? 0;
      watchers.set(room, count + 1);
      if (socket.connected) {
        if (count === 0) enter(socket, queries, room, told);
        else told(room);
      }
      return () => {
        if (onWatched !== undefined) waiting.delete(onWatched);
        leave(socket, watchers, room);
      };
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      socket.close();
    },
  };
}

/** Watches, then asks again: what changed between the page's first answer and the watch is in no patch. */
function enter(socket: Socket, queries: QueryClient, room: Room, told: (room: Room) => void): void {
  socket.emit('watch', { room }, () => {
    for (const queryKey of keysOf(room)) void queries.invalidateQueries({ queryKey });
    told(room);
  });
}

function keysOf(room: Room): string[][] {
  if (room === 'jobs') return [['jobs'], ['pipelines'], ['pipeline']];
  if (room === 'notices') return [['notices']];
  return room === 'workers' ? [['workers']] : [['job', room]];
}

function leave(socket: Socket, watchers: Map<Room, number>, room: Room): void {
  const count = (watchers.get(room) ?? 1) - 1;
  if (count > 0) {
    watchers.set(room, count);
    return;
  }
  watchers.delete(room);
  if (socket.connected) socket.emit('unwatch', { room });
}
