import type { BlobHash, CallId, LeaseId, TeamId } from '../../model/ids.ts';
import { type CallOutcome, endCall } from './calls.ts';
import type { Db } from './connect.ts';
import { noteTeamBlob } from './team-blobs.ts';
import { unlessThere } from './unless-there.ts';

/*
 * Events and answers that are blobs are held in the name of their call. Of an event that only a process waits with, which
 * may die, the hold ends by itself; one of a stored call lasts until that call is over, and an answer as long as its record.
 */

/** Holds an event for a call that may be stored later, or never. */
export async function holdEvent(
  db: Db,
  of: { call: CallId; team: TeamId; hash: BlobHash; until: number },
): Promise<void> {
  const { call: holder, team: team_id, hash, until: expires_at } = of;
  await db.insertInto('held_blobs').values({ holder, team_id, hash, expires_at }).execute();
}

/** The call is stored with its event. Call it in that transaction. */
export async function keepEvent(db: Db, call: CallId): Promise<void> {
  await db.updateTable('held_blobs').set({ expires_at: null }).where('holder', '=', call).execute();
}

/** Lets the holder of a lease read the event; false where it is held no more. */
export async function openEvent(db: Db, call: CallId, hash: BlobHash, lease: LeaseId): Promise<boolean> {
  const result = await db
    .updateTable('held_blobs')
    .set({ lease_id: lease })
    .where('holder', '=', call)
    .where('hash', '=', hash)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Whether these bytes are the event of a call that this lease has. */
export async function isOpenedFor(db: Db, lease: LeaseId, hash: BlobHash): Promise<boolean> {
  const row = await db
    .selectFrom('held_blobs')
    .select('hash')
    .where('lease_id', '=', lease)
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}

/** The event is not needed any more. */
export async function releaseEvent(db: Db, call: CallId): Promise<void> {
  await db.deleteFrom('held_blobs').where('holder', '=', call).execute();
}

/** Those of processes that are gone. */
export async function releaseExpired(db: Db, now: number): Promise<void> {
  await db.deleteFrom('held_blobs').where('expires_at', '<', now).execute();
}

/**
 * What endCall does, for a call whose event or answer is a blob: lets go of the one, and holds the other for its record.
 * Call it in a transaction. `event`: it was stored with the call.
 */
export async function endCallWithFiles(
  db: Db,
  call: { id: CallId; process: string; team: TeamId; event: boolean },
  outcome: CallOutcome,
  now: number,
): Promise<void> {
  const { id, process, team, event } = call;
  // Whoever has taken it up meanwhile needs its event.
  if (!(await endCall(db, id, process, outcome))) return;
  if (event) await releaseEvent(db, id);
  const { answer_hash: hash } = outcome;
  if (hash === null) return;
  await unlessThere(db, db.insertInto('held_blobs').values({ holder: id, team_id: team, hash })).execute();
  await noteTeamBlob(db, team, hash, now);
}
