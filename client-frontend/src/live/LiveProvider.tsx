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

/** Receives patches of this room while the component is mounted. */
export function useRoom(room: Room): void {
  const rooms = useContext(Live);
  useEffect(() => rooms?.watch(room), [rooms, room]);
}

export const useConnection = (): Connection => useSyncExternalStore(connection.subscribe, connection.get);
