import { type Principal, scopesOf } from '@parallel-pilot/shared/access/principal.ts';
import type { AskForDevice, DeviceAnswer, DeviceView } from '@parallel-pilot/shared/api/people.ts';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import {
  countDeviceCodes,
  type DeviceCodeRow,
  decideDeviceCode,
  deleteOldDeviceCodes,
  findDeviceCode,
  findUserCode,
  insertDeviceCode,
  takeDeviceCode,
} from '@parallel-pilot/shared/server/db/device-codes.ts';
import { insertKey, keysOf } from '@parallel-pilot/shared/server/db/keys.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { findTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { z } from 'zod';
import type { Parts } from '../parts.ts';
import { endOf, newKey } from './keys.ts';
import { DAY_MS } from './links.ts';
import { type Refusal, refuse } from './refusal.ts';

type CodeParts = Pick<Parts, 'db' | 'clock' | 'random'>;

/** A code is good for so long (RFC 8628, 3.2: `expires_in`). */
export const CODE_MS = 10 * 60_000;
/** Seconds between two questions of the program. */
export const INTERVAL_SECONDS = 2;
/** Whoever asks is nobody yet. */
const MOST_WAITING = 1_000;
/** A machine is signed in to again once a year. */
const KEY_MS = 365 * DAY_MS;

/**
 * A code for a program and one for whoever runs it, as in RFC 8628. The short one has no vowels, so that it is no
 * word, and 34 bits: it is asked for by people who are signed in alone, a few times a minute.
 */
export async function askForDevice(
  { db, clock, random }: CodeParts,
  { name, scopes }: z.output<typeof AskForDevice>,
  address: string,
): Promise<{ ok: true; deviceCode: string; userCode: string; expiresAt: number } | Refusal> {
  const now = clock();
  await deleteOldDeviceCodes(db, now);
  if ((await countDeviceCodes(db, now)) >= MOST_WAITING) return TOO_MANY_WAIT;
  const deviceCode = Buffer.from(random(32)).toString('base64url');
  const userCode = newUserCode(random);
  const expiresAt = now + CODE_MS;
  await insertDeviceCode(db, {
    device_hash: hashOf(deviceCode),
    user_code: userCode,
    name,
    address,
    scopes: [...new Set(scopes)].join(','),
    created_at: now,
    expires_at: expiresAt,
  });
  return { ok: true, deviceCode, userCode, expiresAt };
}

/** What became of it. The key is made here, when the program asks for it: nobody else has it even for a moment. */
export async function pollDevice(
  { db, clock, random }: CodeParts,
  deviceCode: string,
): Promise<{ ok: true; answer: DeviceAnswer } | Refusal> {
  const now = clock();
  const hash = hashOf(deviceCode);
  const row = await findDeviceCode(db, hash, now);
  if (row === undefined) return UNKNOWN_DEVICE;
  if (row.state === 'waiting') return { ok: true, answer: { state: 'waiting' } };
  if (row.state === 'refused' || row.person_id === null || row.team_id === null) {
    await takeDeviceCode(db, hash);
    return { ok: true, answer: { state: 'refused' } };
  }
  const { person_id, team_id, name, scopes } = row;
  const person = await findPerson(db, person_id);
  const team = await findTeam(db, team_id);
  if (person === undefined || team === undefined) return UNKNOWN_DEVICE;
  const { key, hash: keyHash } = newKey(random);
  const taken = await db.transaction().execute(async (transaction) => {
    if (!(await takeDeviceCode(transaction, hash))) return false;
    await insertKey(transaction, {
      id: newId('key', random),
      hash: keyHash,
      person_id,
      team_id,
      name,
      scopes,
      created_at: now,
      expires_at: now + KEY_MS,
    });
    return true;
  });
  if (!taken) return UNKNOWN_DEVICE;
  const { id, name: personName } = person;
  return {
    ok: true,
    answer: {
      state: 'approved',
      key,
      person: { id, name: personName },
      team: { id: team.id, name: team.name },
    },
  };
}

/** A code that waits for somebody's yes or no. */
export async function waitingCode(
  { db, clock }: CodeParts,
  userCode: string,
): Promise<{ ok: true; view: DeviceView } | Refusal> {
  const row = await findUserCode(db, userCode, clock());
  return row === undefined ? UNKNOWN_CODE : { ok: true, view: viewOf(row) };
}

/** Says yes, for the team that one acts in; a key cannot give what it has not, nor for longer than it is good. */
export async function approveDevice(
  { db, clock }: CodeParts,
  userCode: string,
  by: Principal,
): Promise<{ ok: true; name: string } | Refusal> {
  const row = await findUserCode(db, userCode, clock());
  if (row === undefined) return UNKNOWN_CODE;
  const { scopes } = viewOf(row);
  if (by.proof.type === 'key' && !scopes.every((scope) => by.scopes.includes(scope))) return TOO_MUCH;
  const now = clock();
  const end = endOf(by, by.proof.type === 'key' ? await keysOf(db, by.person, now, by.proof.id) : []);
  if (end !== null && end < now + KEY_MS) return TOO_MUCH;
  const decision = { state: 'approved', person_id: by.person, team_id: by.team } as const;
  const decided = await decideDeviceCode(db, userCode, decision, clock());
  return decided ? { ok: true, name: row.name } : UNKNOWN_CODE;
}

export async function refuseDevice(
  { db, clock }: CodeParts,
  userCode: string,
): Promise<{ ok: true } | Refusal> {
  const decided = await decideDeviceCode(db, userCode, { state: 'refused' }, clock());
  return decided ? { ok: true } : UNKNOWN_CODE;
}

const viewOf = (row: DeviceCodeRow): DeviceView => ({
  userCode: row.user_code,
  name: row.name,
  address: row.address,
  scopes: scopesOf(row.scopes),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

/** Bytes that would make some letters likelier than others are left out. */
function newUserCode(random: Parts['random']): string {
  const letters: string[] = [];
  while (letters.length < 8) {
    for (const byte of random(16)) if (byte < 240) letters.push(LETTERS[byte % LETTERS.length] ?? '');
  }
  return `${letters.slice(0, 4).join('')}-${letters.slice(4, 8).join('')}`;
}

const hashOf = (deviceCode: string): string => sha256(`device:${deviceCode}`);

const UNKNOWN_DEVICE = refuse(
  404,
  'device-code-unknown',
  'This sign-in is over: it was used, refused, or its ten minutes have passed. Begin again with "pilot login".',
);
const UNKNOWN_CODE = refuse(
  404,
  'not-found',
  'No program waits with this code. Compare it with what "pilot login" shows; it is good for ten minutes.',
);
const TOO_MANY_WAIT = refuse(
  429,
  'too-many-attempts',
  'Too many programs wait to be let in at the moment. Try again in some minutes.',
);
const TOO_MUCH = refuse(
  403,
  'not-allowed',
  'The program asks for more than the key may that you came with. Sign in to let it in.',
);
