import { type Insertable, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import type { BlobHash, JobId, LeaseId } from '../../model/ids.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import { ResultFile } from '../../protocol/workers.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import { checkpointFiles } from './leases.ts';
import type { BlobsTable } from './schema/jobs.ts';

const Files = z.array(ResultFile);

export type NewBlob = Omit<Insertable<BlobsTable>, 'claims'>;

/** Notes stored blobs; those already noted are touched, which keeps them from the next sweep. */
export async function insertBlobs(db: Db, rows: NewBlob[]): Promise<void> {
  const mysql = isMysql(db);
  for (let at = 0; at < rows.length; at += 200) {
    const insert = db
      .insertInto('blobs')
      .values(rows.slice(at, at + 200).map((row) => ({ ...row, claims: 1 })));
    await (mysql
      ? insert.onDuplicateKeyUpdate({ created_at: sql`values(created_at)`, claims: sql`claims + 1` })
      : insert.onConflict((conflict) =>
          conflict.column('hash').doUpdateSet((eb) => ({
            created_at: eb.ref('excluded.created_at'),
            claims: eb('blobs.claims', '+', 1),
          })),
        )
    ).execute();
  }
}

export const findBlob = (db: Db, hash: BlobHash): Promise<Selectable<BlobsTable> | undefined> =>
  db.selectFrom('blobs').selectAll().where('hash', '=', hash).executeTakeFirst();

/** Bytes of all blobs. */
export async function bytesOfAllBlobs(db: Db): Promise<number> {
  const row = await db
    .selectFrom('blobs')
    .select((eb) => eb.fn.sum('size').as('bytes'))
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

/** Bytes of the blobs that the job keeps or offers, each counted once. */
export async function bytesOfNamedBlobs(db: Db, job: JobId): Promise<number> {
  const row = await db
    .selectFrom('blobs')
    .select((eb) => eb.fn.sum('size').as('bytes'))
    .where('hash', 'in', (eb) =>
      eb
        .selectFrom('job_blobs')
        .select('hash')
        .where('job_id', '=', job)
        .union(eb.selectFrom('artifacts').select('hash').where('job_id', '=', job)),
    )
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

/** Hashes of the next blobs after `after` that came, or were last touched, before that time. */
export async function oldBlobs(db: Db, before: number, after: string, limit: number): Promise<BlobHash[]> {
  const rows = await db
    .selectFrom('blobs')
    .select('hash')
    .where('hash', '>', after as BlobHash)
    .where('created_at', '<', before)
    .orderBy('hash')
    .limit(limit)
    .execute();
  return rows.map((row) => row.hash);
}

/** Takes the rows of those that no submission, artifact or other holder names: of the old ones, or of those handed in only once. */
export async function deleteUnusedBlobs(
  db: Db,
  hashes: BlobHash[],
  which: { before: number } | 'handed-in-once',
): Promise<void> {
  const all = db.deleteFrom('blobs').where('hash', 'in', hashes);
  await (which === 'handed-in-once'
    ? all.where('claims', '=', 1)
    : all.where('created_at', '<', which.before)
  )
    .where('hash', 'not in', (eb) => eb.selectFrom('job_blobs').select('hash').where('hash', 'in', hashes))
    .where('hash', 'not in', (eb) => eb.selectFrom('artifacts').select('hash').where('hash', 'in', hashes))
    .where('hash', 'not in', (eb) => eb.selectFrom('environments').select('hash').where('hash', 'in', hashes))
    .where('hash', 'not in', (eb) => eb.selectFrom('held_blobs').select('hash').where('hash', 'in', hashes))
    .execute();
}

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

/** What the holder of a lease may read: its stage's inputs, what its chunk's spec says, and what earlier leases of the chunk left. */
export async function workOfLease(
  db: Db,
  lease: LeaseId,
): Promise<
  | { kind: string; stage: string; inputs: StageInput[]; chunkSpec: unknown; checkpoints: ResultFile[] }
  | undefined
> {
  const row = await db
    .selectFrom('leases')
    .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('jobs', 'jobs.id', 'stages.job_id')
    .select(['chunks.id', 'jobs.kind', 'stages.name', 'stages.inputs_json', 'chunks.spec_json'])
    .where('leases.id', '=', lease)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { kind, name: stage } = row;
  const left = await checkpointFiles(db, row.id);
  const checkpoints = left.flatMap((json) => Files.parse(JSON.parse(json)));
  return {
    kind,
    stage,
    inputs: JSON.parse(row.inputs_json),
    chunkSpec: JSON.parse(row.spec_json),
    checkpoints,
  };
}
