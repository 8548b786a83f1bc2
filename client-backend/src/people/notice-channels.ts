import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { ChannelView, NewChannel, Notifications } from '@parallel-pilot/shared/api/notifications.ts';
import { type NoticeChannelId, newId } from '@parallel-pilot/shared/model/ids.ts';
import { eventsOf } from '@parallel-pilot/shared/model/notice.ts';
import { isLoopback } from '@parallel-pilot/shared/server/config.ts';
import { farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import {
  type ChannelRow,
  changeChannel,
  channelsOf,
  channelsOfOthers,
  insertChannel,
  removeChannels,
} from '@parallel-pilot/shared/server/db/notices.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import ipaddr from 'ipaddr.js';
import { isLocalOnly } from '../auth/access.ts';
import { webhookSecret } from '../notices/notice-keys.ts';
import { privateSentence } from '../notices/post-outside.ts';
import type { PeopleParts } from './people-parts.ts';
import { type Refusal, refuse } from './refusal.ts';

const MOST_CHANNELS = 20;

/** Those that the asker may see: a key knows of its own team alone. */
export async function myChannels({ db }: Pick<PeopleParts, 'db'>, by: Principal): Promise<ChannelRow[]> {
  const channels = await channelsOf(db, by.person);
  return by.proof.type === 'key' ? channels.filter(({ team_id }) => team_id === by.team) : channels;
}

export const viewOfChannel = (row: ChannelRow): ChannelView => ({
  id: row.id,
  type: row.type,
  name: row.name,
  address: row.type === 'push' ? null : row.address,
  browser: row.type === 'push' ? row.address_hash : null,
  team: row.team_id,
  events: eventsOf(row.events),
  createdAt: row.created_at,
  failing:
    row.failing_since === null
      ? null
      : { since: row.failing_since, problem: row.problem ?? 'It did not arrive.' },
});

/** Whether, and where, somebody can be told by e-mail. */
export async function emailOf(
  { db, mail, config }: PeopleParts,
  by: Principal,
): Promise<Notifications['email']> {
  if (mail === null)
    return {
      address: null,
      problem: 'This farm has no server to send e-mail by. An admin sets one: PILOT_SMTP_URL.',
    };
  const address = (await findPerson(db, by.person))?.email ?? null;
  if (address === null && !isLocalOnly(config))
    return { address: null, problem: 'Your account has no e-mail address.' };
  return { address, problem: null };
}

type Made = { ok: true; channel: ChannelRow; secret: string | null } | Refusal;

/** Another way to tell somebody. A browser, or the e-mail, that is there already is changed. */
export async function makeChannel(parts: PeopleParts, by: Principal, asked: NewChannel): Promise<Made> {
  const to = await addressOf(parts, by, asked);
  if (!to.ok) return to;
  const { db } = parts;
  const hash = createHash('sha256').update(to.address).digest('hex');
  const keys = asked.type === 'push' ? JSON.stringify(asked.keys) : null;
  const row = {
    id: newId('nch', parts.random),
    person_id: by.person,
    team_id: by.proof.type === 'key' ? by.team : null,
    type: asked.type,
    name: to.name,
    address: to.address,
    address_hash: hash,
    keys_json: keys,
    events: asked.events.join(),
    created_at: parts.clock(),
  };
  const id = await inTransaction(db, async (db): Promise<NoticeChannelId | null> => {
    if (asked.type === 'push') {
      const others = await channelsOfOthers(db, { addressHash: hash, person: by.person });
      await removeChannels(
        db,
        others.map(({ id }) => id),
      );
    }
    const mine = await channelsOf(db, by.person);
    const same = mine.find(
      (one) => one.type === row.type && one.address_hash === hash && one.team_id === row.team_id,
    );
    if (same !== undefined) {
      const { events, name, keys_json } = row;
      await changeChannel(db, { id: same.id, person: by.person }, { events, name, keys_json });
      return same.id;
    }
    if (mine.length >= MOST_CHANNELS) return null;
    await insertChannel(db, row);
    return row.id;
  });
  if (id === null) return TOO_MANY;
  const channel = (await channelsOf(db, by.person)).find((one) => one.id === id);
  if (channel === undefined) return refuse(409, 'raced', 'It was removed at the same moment. Try again.');
  return { ok: true, channel, secret: secretOf(parts, channel) };
}

const TOO_MANY = refuse(
  422,
  'too-many-channels',
  `You are told in ${MOST_CHANNELS} ways already. Remove one that you do not need any more.`,
);

export const secretOf = (
  { secrets }: Pick<PeopleParts, 'secrets'>,
  { id, type }: ChannelRow,
): string | null => (type === 'webhook' ? webhookSecret(secrets.signingKey, id) : null);

type Address = { ok: true; address: string; name: string } | Refusal;

async function addressOf(parts: PeopleParts, by: Principal, asked: NewChannel): Promise<Address> {
  switch (asked.type) {
    case 'push':
      return reachable(parts, asked.endpoint, asked.name === '' ? 'A browser' : asked.name);
    case 'webhook':
      return reachable(parts, asked.url, new URL(asked.url).host);
    case 'email': {
      const { address: own, problem } = await emailOf(parts, by);
      if (problem !== null) return refuse(422, 'no-email', problem);
      if (own !== null && asked.address !== undefined && asked.address.toLowerCase() !== own)
        return refuse(422, 'not-your-email', `Mail goes to the e-mail of your account alone, ${own}.`);
      const address = own ?? asked.address;
      if (address === undefined) return refuse(422, 'no-email', 'Say to which address.');
      return { ok: true, address, name: address };
    }
    default:
      return asked satisfies never;
  }
}

/** What can be told of an address as it is written; what a name stands for is looked at with each request. */
async function reachable({ db }: PeopleParts, url: string, name: string): Promise<Address> {
  const { private_addresses } = await farmSettings(db);
  const { hostname, host } = new URL(url);
  if (private_addresses !== 1 && isPrivate(hostname.replace(/^\[|\]$/g, '')))
    return refuse(422, 'private-address', privateSentence(host));
  return { ok: true, address: url, name };
}

const isPrivate = (host: string): boolean =>
  isLoopback(host) ||
  host.endsWith('.localhost') ||
  (isIP(host) !== 0 && ipaddr.parse(host).range() !== 'unicast');
