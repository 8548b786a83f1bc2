import type { FunctionId } from '@parallel-pilot/shared/model/ids.ts';
import { countOpenCalls } from '@parallel-pilot/shared/server/db/calls.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';

/** So old a count may be, milliseconds. */
const FRESH_MS = 1_000;
const MOST_FUNCTIONS = 1_000;

/** How many calls of each function wait or run that nobody waits for: counted once a second, as many come at once. */
export class OpenCalls {
  readonly #db: Db;
  readonly #known = new Map<FunctionId, { count: number; until: number }>();

  constructor(db: Db) {
    this.#db = db;
  }

  async of(id: FunctionId): Promise<number> {
    const now = performance.now();
    const known = this.#known.get(id);
    if (known !== undefined && known.until > now) return known.count;
    if (this.#known.size > MOST_FUNCTIONS) this.#known.clear();
    const count = await countOpenCalls(this.#db, id);
    this.#known.set(id, { count, until: now + FRESH_MS });
    return count;
  }
}
