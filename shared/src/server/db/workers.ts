import type { Insertable, Selectable } from 'kysely';
import type { JoinTokenId, TeamId, WorkerId } from '../../model/ids.ts';
import { Lending } from '../../model/lending.ts';
import type { WorkerStatus } from '../../model/worker.ts';
import type { Db } from './connect.ts';
import type { WorkersTable } from './schema/workers.ts';

export type WorkerRow = Selectable<WorkersTable>;
export type WorkerFields = Pick<
  Insertable<WorkersTable>,
  | 'name'
  | 'slots'
  | 'capabilities_json'
  | 'machine_json'
  | 'said_tags_json'
  | 'said_pools_json'
  | 'offer_json'
  | 'said_lending_json'
  | 'connected_at'
  | 'last_seen_at'
>;

type LenderFields = Pick<Insertable<WorkersTable>, 'person_id' | 'team_id' | 'works_for'>;

/** What a worker that came with a join token is from then on. */
export type JoinedFields = LenderFields & { join_token_id: JoinTokenId; credential_hash: string };

/**
 * A worker said hello: its row is made, or brought up to date. Who it is was checked before. For whom it works is
 * changed on the site, and not by its next hello, unless it comes with a token. `revives`: it was removed before.
 */
export async function saveWorker(
  db: Db,
  worker: WorkerFields & LenderFields & Pick<Insertable<WorkersTable>, 'id' | 'identity_hash'>,
  { joined, revives }: { joined: JoinedFields | null; revives: boolean } = { joined: null, revives: false },
): Promise<void> {
  const { id, identity_hash, person_id, team_id, works_for, ...fields } = worker;
  const updated = await db
    .updateTable('workers')
    .set({ ...fields, ...joined, status: 'online', ...(revives ? { revoked_at: null } : {}) })
    .where('id', '=', id)
    .executeTakeFirst();
  if (Number(updated.numUpdatedRows) > 0) return;
  await db
    .insertInto('workers')
    .values({ ...worker, ...joined, status: 'online', first_seen_at: worker.last_seen_at })
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

/**
 * A worker that never finished or failed anything is remembered for a day after it went, and so many of them; for a
 * month where it has a credential, which would not be known any more.
 */
const IDLE_MS = 24 * 60 * 60_000;
const LENT_IDLE_MS = 30 * IDLE_MS;
const MOST_IDLE = 1_000;

/** Forgets workers that are gone and never did anything: whoever has a join token can make any number of them. */
export async function forgetIdleWorkers(db: Db, now: number): Promise<void> {
  const one = await db
    .selectFrom('workers')
    .select('last_seen_at')
    .where('status', '=', 'offline')
    .where('chunks_done', '=', 0)
    .where('chunks_failed', '=', 0)
    .where('credential_hash', 'is', null)
    .orderBy('last_seen_at', 'desc')
    .limit(1)
    .offset(MOST_IDLE)
    .executeTakeFirst();
  await db
    .deleteFrom('workers')
    .where('status', '=', 'offline')
    .where('chunks_done', '=', 0)
    .where('chunks_failed', '=', 0)
    .where((eb) =>
      eb.or([
        eb('last_seen_at', '<=', now - LENT_IDLE_MS),
        eb.and([
          eb('credential_hash', 'is', null),
          eb('last_seen_at', '<=', Math.max(now - IDLE_MS, one?.last_seen_at ?? 0)),
        ]),
      ]),
    )
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

const LABELS = ['tags_json', 'pools_json', 'said_tags_json', 'said_pools_json'] as const;

/**
 * What a worker's tags and pools are: what was set by people stands, however it is started; else what it said at its
 * start holds.
 */
export function labelsOf(row: Pick<WorkerRow, (typeof LABELS)[number]>): { tags: string[]; pools: string[] } {
  return {
    tags: JSON.parse(row.tags_json ?? row.said_tags_json ?? '[]'),
    pools: JSON.parse(row.pools_json ?? row.said_pools_json ?? '[]'),
  };
}

/** What people let it lend at most; its own word narrows that further. */
export const lendingOf = ({ lending_json }: Pick<WorkerRow, 'lending_json'>): Lending =>
  lending_json === null ? {} : Lending.parse(JSON.parse(lending_json));

/**
 * What the farm holds of a worker's rights, and where it stands. `standing`: it was removed, or whoever lends it is banned or has left the
 * team that it belongs to.
 */
export type KnownWorker = Pick<
  WorkerRow,
  | 'id'
  | 'identity_hash'
  | 'person_id'
  | 'team_id'
  | 'works_for'
  | 'disabled_at'
  | 'join_token_id'
  | 'credential_hash'
  | 'lending_json'
  | (typeof LABELS)[number]
> & { standing: 'good' | 'removed' | 'lender-gone' };

const withRights = (db: Db) =>
  db
    .selectFrom('workers')
    .leftJoin('people', 'people.id', 'workers.person_id')
    .leftJoin('team_members', (join) =>
      join
        .onRef('team_members.person_id', '=', 'workers.person_id')
        .onRef('team_members.team_id', '=', 'workers.team_id'),
    )
    .select([
      'workers.id',
      'workers.identity_hash',
      'workers.person_id',
      'workers.team_id',
      'workers.works_for',
      'workers.disabled_at',
      'workers.revoked_at',
      'workers.join_token_id',
      'workers.credential_hash',
      'workers.lending_json',
      'workers.tags_json',
      'workers.pools_json',
      'workers.said_tags_json',
      'workers.said_pools_json',
      'people.banned_at',
      'team_members.role',
    ]);

type WithRights = Awaited<ReturnType<ReturnType<typeof withRights>['execute']>>[number];

const toKnown = ({ revoked_at, banned_at, role, ...row }: WithRights): KnownWorker => ({
  ...row,
  standing: revoked_at !== null ? 'removed' : banned_at !== null || role === null ? 'lender-gone' : 'good',
});

export async function knownWorkers(db: Db, workers: WorkerId[]): Promise<KnownWorker[]> {
  if (workers.length === 0) return [];
  return (await withRights(db).where('workers.id', 'in', workers).execute()).map(toKnown);
}

/** Of all that were connected when their rows were last written. */
export const knownPresentWorkers = async (db: Db): Promise<KnownWorker[]> =>
  (await withRights(db).where('workers.status', '!=', 'offline').execute()).map(toKnown);

export async function findWorkerByCredential(db: Db, hash: string): Promise<KnownWorker | undefined> {
  const row = await withRights(db).where('workers.credential_hash', '=', hash).executeTakeFirst();
  return row && toKnown(row);
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

export type WorkerSettings = Partial<
  Pick<
    WorkerRow,
    'label' | 'tags_json' | 'pools_json' | 'lending_json' | 'note' | 'works_for' | 'disabled_at'
  >
>;

/** False where it was removed meanwhile. */
export async function changeWorker(db: Db, id: WorkerId, settings: WorkerSettings): Promise<boolean> {
  const changed = await db
    .updateTable('workers')
    .set(settings)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return Number(changed.numUpdatedRows) === 1;
}

/** Its credential is good no more. The row stays, for what it has done. */
export async function removeWorker(db: Db, id: WorkerId, at: number): Promise<boolean> {
  const removed = await db
    .updateTable('workers')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return Number(removed.numUpdatedRows) === 1;
}
