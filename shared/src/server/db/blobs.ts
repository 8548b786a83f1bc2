import { MysqlAdapter } from 'kysely';
import type { BlobHash, LeaseId } from '../../model/ids.ts';
import type { StageInput } from '../../protocol/workers.ts';
import type { Db } from './connect.ts';
import type { BlobsTable } from './schema.ts';

/** Notes stored blobs; those already noted stay as they are. */
export async function insertBlobs(db: Db, rows: BlobsTable[]): Promise<void> {
  const mysql = db.getExecutor().adapter instanceof MysqlAdapter;
  for (let at = 0; at < rows.length; at += 200) {
    const insert = db.insertInto('blobs').values(rows.slice(at, at + 200));
    await (mysql ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing())).execute();
  }
}

export const findBlob = (db: Db, hash: BlobHash): Promise<BlobsTable | undefined> =>
  db.selectFrom('blobs').selectAll().where('hash', '=', hash).executeTakeFirst();

/** Which of these are noted. */
export async function knownBlobs(db: Db, hashes: BlobHash[]): Promise<Set<BlobHash>> {
  const known = new Set<BlobHash>();
  for (let at = 0; at < hashes.length; at += 500) {
    const part = hashes.slice(at, at + 500);
    const rows = await db.selectFrom('blobs').select('hash').where('hash', 'in', part).execute();
    for (const row of rows) known.add(row.hash);
  }
  return known;
}

/** `undefined` where there never was such a lease. */
export async function isLeaseOpen(db: Db, lease: LeaseId): Promise<boolean | undefined> {
  const row = await db.selectFrom('leases').select('ended_at').where('id', '=', lease).executeTakeFirst();
  return row === undefined ? undefined : row.ended_at === null;
}

/** The files that the holder of a lease may read. */
export async function inputsOfLease(db: Db, lease: LeaseId): Promise<StageInput[]> {
  const row = await db
    .selectFrom('leases')
    .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .select('stages.inputs_json')
    .where('leases.id', '=', lease)
    .executeTakeFirst();
  return row === undefined ? [] : JSON.parse(row.inputs_json);
}
