/** What is known of the way to the farm. `live` is the socket, `http` whether the last request got an answer. */
export type Connection = { live: 'connecting' | 'on' | 'off'; http: 'ok' | 'unreachable' };

let present: Connection = { live: 'connecting', http: 'ok' };
const listeners = new Set<() => void>();

export const connection = {
  get: (): Connection => present,
  set(change: Partial<Connection>): void {
    const next = { ...present, ...change };
    if (next.live === present.live && next.http === present.http) return;
    present = next;
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
