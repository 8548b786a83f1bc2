/** Takes turns at what needs much processor and memory: each peer in line gets its turn before any gets its next. */
export interface Turns {
  /** Undefined where `peer` has too many in line, or all have: nothing was done. */
  take<T>(peer: string, work: () => Promise<T>): Promise<T | undefined>;
}

/** `atOnce` run beside each other; at most `perPeer` of one peer and `inAll` wait. */
export function createTurns({
  atOnce,
  perPeer,
  inAll,
}: Record<'atOnce' | 'perPeer' | 'inAll', number>): Turns {
  const lines = new Map<string, (() => void)[]>();
  let running = 0;
  let waiting = 0;

  const next = () => {
    const [first] = lines;
    if (first === undefined || running >= atOnce) return;
    const [peer, line] = first;
    const start = line.shift();
    // To the end of the round, or out of it.
    lines.delete(peer);
    if (line.length > 0) lines.set(peer, line);
    waiting -= 1;
    running += 1;
    start?.();
  };

  return {
    async take(peer, work) {
      const line = lines.get(peer) ?? [];
      if (line.length >= perPeer || waiting >= inAll) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      line.push(resolve);
      lines.set(peer, line);
      waiting += 1;
      next();
      await promise;
      try {
        return await work();
      } finally {
        running -= 1;
        next();
      }
    },
  };
}
