import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { type Connection, connection } from './connection.ts';
import { type LiveRooms, openLiveRooms, type Room } from './rooms.ts';

const Live = createContext<LiveRooms | null>(null);

/** Opens the live connection for the pages inside. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [rooms, setRooms] = useState<LiveRooms | null>(null);
  useEffect(() => {
    const opened = openLiveRooms(queries);
    setRooms(opened);
    return () => opened.close();
  }, [queries]);
  return <Live value={rooms}>{children}</Live>;
}

/** Asking is put off for so long at most, so that it is done once: what is asked before one watches is asked again after. */
const WATCH_FIRST_MS = 1_500;

/** Receives patches of this room while the component is mounted. True once it is watched, or that takes too long. */
export function useRoom(room: Room): boolean {
  const rooms = useContext(Live);
  const [ready, setReady] = useState(false);
  const off = useConnection().live === 'off';
  useEffect(() => rooms?.watch(room, () => setReady(true)), [rooms, room]);
  useEffect(() => {
    const timer = setTimeout(() => setReady(true), WATCH_FIRST_MS);
    return () => clearTimeout(timer);
  }, []);
  return ready || off;
}

export const useConnection = (): Connection => useSyncExternalStore(connection.subscribe, connection.get);
