export type InFlight<T> = (key: string, make: () => Promise<T>) => Promise<T>;

/** What is under way under a key is waited for by all who ask for it; afterwards it is made anew. */
export function createInFlight<T>(): InFlight<T> {
  const under = new Map<string, Promise<T>>();
  return (key, make) => {
    const already = under.get(key);
    if (already !== undefined) return already;
    const made = make().finally(() => under.delete(key));
    under.set(key, made);
    return made;
  };
}
