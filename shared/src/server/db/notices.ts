import type { Insertable, Selectable } from 'kysely';
import type { JobId, NoticeChannelId, PersonId, TeamId } from '../../model/ids.ts';
import { eventsOf, type NoticeEvent, type NoticeSubject, type NoticeTry } from '../../model/notice.ts';
import { oneLine } from '../../model/printable.ts';
import type { Db } from './connect.ts';
import type { NoticeChannelsTable, NoticesTable } from './schema/notices.ts';
import { unlessThere } from './unless-there.ts';

export type ChannelRow = Selectable<NoticeChannelsTable>;
export type NoticeRow = Selectable<NoticesTable>;

/** Of the job that is told of, or with which its whole ended, and of what happened; two notices of one `cause` are one. */
export type NewNotice = {
  job: JobId;
  team: TeamId;
  person: PersonId;
  event: NoticeEvent;
  cause: string;
  subject: NoticeSubject;
  at: number;
};

/**
 * Has the job's owner told: on the site, and by each channel that they chose for it. Call it in the transaction of what
 * it tells of.
 */
export async function addNotices(db: Db, notice: NewNotice): Promise<void> {
  const { job, team, person, event, cause, at } = notice;
  const { name, kind, message, whole } = notice.subject;
  const subject: NoticeSubject = {
    name: oneLine(name).slice(0, 200),
    kind,
    message: message.slice(0, 1_000),
    whole,
  };
  const told = {
    once_key: `${job}:${event}:${cause}`.slice(0, 190),
    job_id: job,
    team_id: team,
    event,
    subject_json: JSON.stringify(subject),
    at,
  };
  const own = { ...told, person_id: person, changed_at: at };
  await unlessThere(db, db.insertInto('person_notices').values(own)).execute();
  const channels = (await channelsOf(db, person)).filter(
    ({ events, team_id }) => eventsOf(events).includes(event) && (team_id ?? team) === team,
  );
  if (channels.length === 0) return;
  const rows = channels.map(({ id }) => ({
    ...told,
    channel_id: id,
    state: 'waiting' as const,
    next_at: at,
  }));
  await unlessThere(db, db.insertInto('notices').values(rows)).execute();
}

/** One that its owner asked for, to see whether the channel works. */
export async function addTestNotice(db: Db, channel: NoticeChannelId, at: number): Promise<void> {
  const subject: NoticeSubject = {
    name: '',
    kind: '',
    message: 'You asked for this from your notifications.',
    whole: null,
  };
  const row = {
    channel_id: channel,
    once_key: `test:${at}`,
    job_id: null,
    team_id: null,
    event: 'test',
  } as const;
  const insert = db
    .insertInto('notices')
    .values({ ...row, subject_json: JSON.stringify(subject), at, state: 'waiting', next_at: at });
  await unlessThere(db, insert).execute();
}

export const channelsOf = (db: Db, person: PersonId): Promise<ChannelRow[]> =>
  db
    .selectFrom('notice_channels')
    .selectAll()
    .where('person_id', '=', person)
    .orderBy('created_at')
    .orderBy('id')
    .execute();

export const insertChannel = async (db: Db, row: Insertable<NoticeChannelsTable>): Promise<void> => {
  await db.insertInto('notice_channels').values(row).execute();
};

/** False when the person has no such channel. */
export async function changeChannel(
  db: Db,
  of: { id: NoticeChannelId; person: PersonId },
  change: Partial<Pick<ChannelRow, 'events' | 'name' | 'keys_json' | 'failing_since' | 'problem'>>,
): Promise<boolean> {
  const result = await db
    .updateTable('notice_channels')
    .set(change)
    .where('id', '=', of.id)
    .where('person_id', '=', of.person)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** With all that was or was to be told by it. */
export async function removeChannels(db: Db, channels: NoticeChannelId[]): Promise<void> {
  if (channels.length === 0) return;
  await db.deleteFrom('notices').where('channel_id', 'in', channels).execute();
  await db.deleteFrom('notice_channels').where('id', 'in', channels).execute();
}

export const removeChannelsOf = async (db: Db, person: PersonId): Promise<void> =>
  removeChannels(
    db,
    (await channelsOf(db, person)).map(({ id }) => id),
  );

/** Channels of others that lead to the same browser: it is one person's at a time. */
export const channelsOfOthers = (
  db: Db,
  of: { addressHash: string; person: PersonId },
): Promise<{ id: NoticeChannelId }[]> =>
  db
    .selectFrom('notice_channels')
    .select('id')
    .where('address_hash', '=', of.addressHash)
    .where('type', '=', 'push')
    .where('person_id', '!=', of.person)
    .execute();

/** Channels that something waits for by now, and that nobody sends to. */
export const dueChannels = (db: Db, now: number, limit: number): Promise<ChannelRow[]> =>
  db
    .selectFrom('notice_channels as c')
    .selectAll('c')
    .where('c.id', 'in', (eb) =>
      eb
        .selectFrom('notices as n')
        .select('n.channel_id')
        .where('n.state', '=', 'waiting')
        .where('n.next_at', '<=', now),
    )
    .where((eb) => eb.or([eb('c.claimed_until', 'is', null), eb('c.claimed_until', '<=', now)]))
    .where((eb) => eb.or([eb('c.next_at', 'is', null), eb('c.next_at', '<=', now)]))
    .limit(limit)
    .execute();

/** True for the one process that may send to it until then. */
export async function claimChannel(
  db: Db,
  channel: NoticeChannelId,
  claim: { process: string; now: number; until: number },
): Promise<boolean> {
  const { process, now, until } = claim;
  const result = await db
    .updateTable('notice_channels')
    .set({ claimed_by: process, claimed_until: until })
    .where('id', '=', channel)
    .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
    .where((eb) => eb.or([eb('next_at', 'is', null), eb('next_at', '<=', now)]))
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Others may send to it again, from `next_at` on. */
export async function leaveChannel(
  db: Db,
  channel: NoticeChannelId,
  left: { process: string } & Partial<Pick<ChannelRow, 'next_at' | 'failing_since' | 'problem' | 'events'>>,
): Promise<void> {
  const { process, ...change } = left;
  await db
    .updateTable('notice_channels')
    .set({ claimed_by: null, claimed_until: null, ...change })
    .where('id', '=', channel)
    .where('claimed_by', '=', process)
    .execute();
}

/** A process that ends leaves what it had. */
export async function leaveChannels(db: Db, process: string): Promise<void> {
  await db
    .updateTable('notice_channels')
    .set({ claimed_by: null, claimed_until: null })
    .where('claimed_by', '=', process)
    .execute();
}

/** What waits to be told by it, oldest first; `allowed` is false where its owner may not see the job any more. */
export async function dueNotices(
  db: Db,
  { id, person_id }: Pick<ChannelRow, 'id' | 'person_id'>,
  now: number,
  limit: number,
): Promise<(NoticeRow & { allowed: boolean })[]> {
  const rows = await db
    .selectFrom('notices as n')
    .innerJoin('people as p', (join) => join.on('p.id', '=', person_id))
    .leftJoin('team_members as m', (join) =>
      join.onRef('m.team_id', '=', 'n.team_id').on('m.person_id', '=', person_id),
    )
    .selectAll('n')
    .select(['m.person_id as member', 'p.banned_at as bannedAt', 'p.deleted_at as deletedAt'])
    .where('n.channel_id', '=', id)
    .where('n.state', '=', 'waiting')
    .where('n.next_at', '<=', now)
    .orderBy('n.id')
    .limit(limit)
    .execute();
  return rows.map(({ member, bannedAt, deletedAt, ...row }) => ({
    ...row,
    allowed: bannedAt === null && deletedAt === null && (row.team_id === null || member !== null),
  }));
}

/** What became of a try to tell these together. */
export async function noteTry(
  db: Db,
  notices: Pick<NoticeRow, 'id' | 'tries' | 'tries_json'>[],
  became: { state: NoticeRow['state']; next_at: number; tried: NoticeTry },
): Promise<void> {
  const { tried, ...columns } = became;
  // What is told together was tried together, as a rule.
  for (const [before, alike] of Map.groupBy(notices, ({ tries_json }) => tries_json)) {
    const kept: NoticeTry[] = before === null ? [] : JSON.parse(before);
    await db
      .updateTable('notices')
      .set((eb) => ({
        ...columns,
        tries: eb('tries', '+', 1),
        tries_json: JSON.stringify([...kept, tried].slice(-MOST_TRIES_KEPT)),
      }))
      .where(
        'id',
        'in',
        alike.map(({ id }) => id),
      )
      .where('state', '=', 'waiting')
      .execute();
  }
}

const MOST_TRIES_KEPT = 20;

export const dropNotices = async (db: Db, ids: number[]): Promise<void> => {
  if (ids.length > 0) await db.deleteFrom('notices').where('id', 'in', ids).execute();
};

/** The newest of what was told by a channel, or is to be. */
export const noticesOf = (db: Db, channel: NoticeChannelId, limit: number): Promise<NoticeRow[]> =>
  db
    .selectFrom('notices')
    .selectAll()
    .where('channel_id', '=', channel)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();

/** The log is kept for as long as anybody would look for something in it. */
export const deleteOldNotices = async (db: Db, before: number): Promise<void> => {
  await db.deleteFrom('notices').where('at', '<', before).execute();
  await db.deleteFrom('person_notices').where('at', '<', before).execute();
};
