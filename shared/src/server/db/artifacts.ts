import { type Insertable, type Selectable, sql } from 'kysely';
import type { BlobHash, JobId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { ArtifactsTable } from './schema/jobs.ts';

export type ArtifactRow = Selectable<ArtifactsTable>;

/** Puts an artifact in the place of an older one of that name. Call it in a transaction. */
export async function putArtifact(db: Db, row: Insertable<ArtifactsTable>): Promise<void> {
  await db.deleteFrom('artifacts').where('job_id', '=', row.job_id).where('name', '=', row.name).execute();
  await db.insertInto('artifacts').values(row).execute();
}

export const listArtifacts = (db: Db, job: JobId): Promise<ArtifactRow[]> =>
  db
    .selectFrom('artifacts')
    .selectAll()
    .where('job_id', '=', job)
    .orderBy('created_at')
    .orderBy('name')
    .execute();

export const findArtifact = (db: Db, job: JobId, name: string): Promise<ArtifactRow | undefined> =>
  db
    .selectFrom('artifacts')
    .selectAll()
    .where('job_id', '=', job)
    .where('name', '=', name)
    .executeTakeFirst();

/** Blobs the job keeps from being deleted, until it is deleted or releases them; those it keeps already stay kept. */
export async function keepBlobs(db: Db, job: JobId, hashes: BlobHash[]): Promise<void> {
  const distinct = [...new Set(hashes)];
  const mysql = isMysql(db);
  for (let from = 0; from < distinct.length; from += 1_000) {
    const rows = distinct.slice(from, from + 1_000).map((hash) => ({ job_id: job, hash }));
    const insert = db.insertInto('job_blobs').values(rows);
    await (mysql
      ? insert.onDuplicateKeyUpdate({ hash: sql`values(hash)` })
      : insert.onConflict((conflict) => conflict.doNothing())
    ).execute();
  }
}
