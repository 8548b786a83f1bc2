import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { noticesChangedSince } from '@parallel-pilot/shared/server/db/person-notices.ts';

type WatchParts = {
  db: Db;
  clock(): number;
  /** Whose pages are open here. */
  watchers(): PersonId[];
  tell(person: PersonId): void;
};

const EVERY_MS = 2_000;
/** Longer than the clocks of two backends differ, or a transaction lasts. */
const BACK_MS = 60_000;

/**
 * Tells pages that there is something new for their person, or that it was read: by this backend or another, as rows
 * say it. One query for all of them, and none where nobody looks.
 */
export function watchNotices({ db, clock, watchers, tell }: WatchParts): { close(): void } {
  const told = new Map<PersonId, string>();
  let looking = false;
  const look = async (): Promise<void> => {
    const people = watchers();
    for (const person of told.keys()) if (!people.includes(person)) told.delete(person);
    if (people.length === 0) return;
    const changed = await noticesChangedSince(db, people, clock() - BACK_MS);
    for (const [person, news] of changed) {
      if (told.get(person) === news) continue;
      told.set(person, news);
      tell(person);
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    // With the database away nothing is told; what is missed is found by the next look.
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, EVERY_MS).unref();
  return { close: () => clearInterval(timer) };
}
