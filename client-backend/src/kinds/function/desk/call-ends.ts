import type { CallId, FunctionId } from '@parallel-pilot/shared/model/ids.ts';
import { endCallWithFiles } from '@parallel-pilot/shared/server/db/call-files.ts';
import { endCall } from '@parallel-pilot/shared/server/db/calls.ts';
import { functionById } from '@parallel-pilot/shared/server/db/functions.ts';
import type { Parts } from '../../../parts.ts';
import type { CallFiles } from './call-files.ts';
import type { CallResult } from './call-result.ts';
import { outcomeOf } from './call-rows.ts';
import type { Event } from './invocation.ts';
import type { Unwritten } from './unwritten.ts';

/** `event`: the one that was stored with it; null where whoever waits has it. */
export type Ended = { id: CallId; function: FunctionId; event: Event | null; attempts: number };

/** Writes what stored calls came to. */
export class CallEnds {
  readonly #parts: Pick<Parts, 'db' | 'clock'>;
  readonly #with: { unwritten: Unwritten; process: string; files: Pick<CallFiles, 'letGo'> };

  constructor(
    parts: Pick<Parts, 'db' | 'clock'>,
    more: { unwritten: Unwritten; process: string; files: Pick<CallFiles, 'letGo'> },
  ) {
    this.#parts = parts;
    this.#with = more;
  }

  /** Rejects where it could not be written yet; it is tried again then. */
  async write({ id, function: of, event, attempts }: Ended, result: CallResult): Promise<void> {
    const { db, clock } = this.#parts;
    const { unwritten, process, files } = this.#with;
    const now = clock();
    const outcome = outcomeOf(result, { now, attempts });
    const held = event === null || typeof event === 'string' ? null : event;
    if (held === null && outcome.answer_hash === null)
      return unwritten.write(id, async (db) => void (await endCall(db, id, process, outcome)));
    const owner = await functionById(db, of).catch((error) => {
      unwritten.abandon(id);
      throw error;
    });
    // Its calls went with the function.
    if (owner === undefined) return;
    const call = { id, process, team: owner.team_id, event: held !== null };
    await unwritten.write(id, (db) => endCallWithFiles(db, call, outcome, now));
    if (held !== null) await files.letGo(held.hash);
  }
}
