import type { Insertable, Selectable } from 'kysely';
import type { TeamId, WorkerId } from '../../model/ids.ts';
import type { WorkerStatus } from '../../model/worker.ts';
import type { Db } from './connect.ts';
import type { WorkersTable } from './schema.ts';

export type WorkerRow = Selectable<WorkersTable>;
export type WorkerFields = Pick<
  Insertable<WorkersTable>,
  'name' | 'slots' | 'capabilities_json' | 'machine_json' | 'connected_at' | 'last_seen_at'
>;

/** A worker said hello: its row is made, or brought up to date. Who it is was checked before. */
export async function saveWorker(
  db: Db,
  worker: WorkerFields &
    Pick<Insertable<WorkersTable>, 'id' | 'identity_hash' | 'person_id' | 'team_id' | 'works_for'>,
): Promise<void> {
  // For whom it works is changed on the site, and not by its next hello.
  const { id, identity_hash, person_id, team_id, works_for, ...fields } = worker;
  const updated = await db
    .updateTable('workers')
    .set({ ...fields, status: 'online' })
    .where('id', '=', id)
    .executeTakeFirst();
  if (Number(updated.numUpdatedRows) > 0) return;
  await db
    .insertInto('workers')
    .values({ ...worker, status: 'online', first_seen_at: worker.last_seen_at })
    .execute();
}

export async function setWorkerStatus(
  db: Db,
  worker: WorkerId,
  status: WorkerStatus,
  lastSeenAt: number,
): Promise<void> {
  await db
    .updateTable('workers')
    .set({
      status,
      last_seen_at: lastSeenAt,
      ...(status === 'offline' ? { connected_at: null } : {}),
    })
    .where('id', '=', worker)
    .execute();
}

export async function noteWorkersSeen(db: Db, workers: WorkerId[], at: number): Promise<void> {
  if (workers.length === 0) return;
  await db.updateTable('workers').set({ last_seen_at: at }).where('id', 'in', workers).execute();
}

/** A worker that never finished or failed anything is remembered for a day after it went, and so many of them. */
const IDLE_MS = 24 * 60 * 60_000;
const MOST_IDLE = 1_000;

/** Forgets workers that are gone and never did anything: whoever has a join token can make any number of them. */
export async function forgetIdleWorkers(db: Db, now: number): Promise<void> {
  const one = await db
    .selectFrom('workers')
    .select('last_seen_at')
    .where('status', '=', 'offline')
    .where('chunks_done', '=', 0)
    .where('chunks_failed', '=', 0)
    .orderBy('last_seen_at', 'desc')
    .limit(1)
    .offset(MOST_IDLE)
    .executeTakeFirst();
  await db
    .deleteFrom('workers')
    .where('status', '=', 'offline')
    .where('chunks_done', '=', 0)
    .where('chunks_failed', '=', 0)
    .where('last_seen_at', '<=', Math.max(now - IDLE_MS, one?.last_seen_at ?? 0))
    .execute();
}

/** Adds to the counts of each of these workers. */
export async function countResults(
  db: Db,
  workers: WorkerId[],
  more: { done: number; failed: number },
): Promise<void> {
  await db
    .updateTable('workers')
    .set((eb) => ({
      chunks_done: eb('chunks_done', '+', more.done),
      chunks_failed: eb('chunks_failed', '+', more.failed),
    }))
    .where('id', 'in', workers)
    .execute();
}

export async function identityHashes(db: Db, workers: WorkerId[]): Promise<Map<WorkerId, string>> {
  if (workers.length === 0) return new Map();
  const rows = await db
    .selectFrom('workers')
    .select(['id', 'identity_hash'])
    .where('id', 'in', workers)
    .execute();
  return new Map(rows.map((row) => [row.id, row.identity_hash]));
}

/** Workers that were connected when their rows were last written. */
export const presentWorkers = (
  db: Db,
): Promise<Pick<WorkerRow, 'id' | 'name' | 'slots' | 'identity_hash'>[]> =>
  db
    .selectFrom('workers')
    .select(['id', 'name', 'slots', 'identity_hash'])
    .where('status', '!=', 'offline')
    .execute();

/** Whose workers these are. */
export async function teamsOfWorkers(db: Db, workers: WorkerId[]): Promise<Map<WorkerId, TeamId>> {
  if (workers.length === 0) return new Map();
  const rows = await db.selectFrom('workers').select(['id', 'team_id']).where('id', 'in', workers).execute();
  return new Map(rows.map(({ id, team_id }) => [id, team_id]));
}

/** Which of these work for everyone, and are seen by everyone. */
export async function publicWorkers(db: Db, workers: WorkerId[]): Promise<Set<WorkerId>> {
  if (workers.length === 0) return new Set();
  const rows = await db
    .selectFrom('workers')
    .select('id')
    .where('id', 'in', workers)
    .where('works_for', '=', 'everyone')
    .execute();
  return new Set(rows.map(({ id }) => id));
}

export type LentWorker = WorkerRow & { personName: string; teamName: string };

const lentWorkers = (db: Db) =>
  db
    .selectFrom('workers')
    .innerJoin('people', 'people.id', 'workers.person_id')
    .innerJoin('teams', 'teams.id', 'workers.team_id')
    .selectAll('workers')
    .select(['people.name as personName', 'teams.name as teamName'])
    .where('workers.revoked_at', 'is', null);

/** The workers that a team may know of, by name: its own, and those that work for everyone. */
export const workersSeenBy = (db: Db, team: TeamId): Promise<LentWorker[]> =>
  lentWorkers(db)
    .where((eb) => eb.or([eb('workers.team_id', '=', team), eb('workers.works_for', '=', 'everyone')]))
    .orderBy('workers.name')
    .orderBy('workers.id')
    .execute();

/** All workers of the farm, for those who look after it. */
export const allWorkers = (db: Db): Promise<LentWorker[]> =>
  lentWorkers(db).orderBy('workers.name').orderBy('workers.id').execute();

export const findLentWorker = (db: Db, id: WorkerId): Promise<LentWorker | undefined> =>
  lentWorkers(db).where('workers.id', '=', id).executeTakeFirst();
