export type Exclusive<Key> = <T>(key: Key, task: () => Promise<T>) => Promise<T>;

/**
 * Runs tasks of one key one after another, those of different keys side by
 * side. The database's compare-and-set keeps two processes apart; this keeps
 * one process from doing the same planning twice for nothing.
 */
export function createExclusive<Key>(): Exclusive<Key> {
  const tails = new Map<Key, Promise<unknown>>();
  return <T>(key: Key, task: () => Promise<T>): Promise<T> => {
    const before = tails.get(key) ?? Promise.resolve();
    const run = before.then(task, task);
    const tail = run
      .catch(() => undefined)
      .then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
    tails.set(key, tail);
    return run;
  };
}
