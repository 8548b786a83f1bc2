import { type Principal, type Scope, scopesOf } from '@parallel-pilot/shared/access/principal.ts';
import type { KeyView, MadeKey, NewKey } from '@parallel-pilot/shared/api/people.ts';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { insertKey, type KeyOfPerson, keysOf } from '@parallel-pilot/shared/server/db/keys.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { z } from 'zod';
import type { Parts } from '../parts.ts';
import { type Refusal, refuse } from './refusal.ts';

type KeyParts = Pick<Parts, 'db' | 'clock' | 'random'>;

const MOST_KEYS = 100;

/** `pilot_` and 256 random bits: known as a key where it is found, and looked up by its hash. */
export const newKey = (random: Parts['random']): { key: string; hash: string } => {
  const key = `pilot_${Buffer.from(random(32)).toString('base64url')}`;
  return { key, hash: sha256(key) };
};

/** A key for the team that its maker acts in. A key makes no key that may more than it may, or that outlives it. */
export async function makeKey(
  parts: KeyParts,
  by: Principal,
  { name, scopes, expiresAt }: z.output<typeof NewKey>,
): Promise<({ ok: true } & MadeKey) | Refusal> {
  const { db, clock, random } = parts;
  const now = clock();
  const lacking = scopes.filter((scope) => !by.scopes.includes(scope));
  if (lacking.length > 0) return tooMuch(lacking);
  if (expiresAt !== null && expiresAt <= now) return OVER;
  const good = await keysOf(db, by.person, now);
  if (good.length >= MOST_KEYS) return TOO_MANY;
  const end = endOf(by, good);
  if (end !== null && (expiresAt === null || expiresAt > end)) return OUTLIVES;
  const id = newId('key', random);
  const { key, hash } = newKey(random);
  await insertKey(db, {
    id,
    hash,
    person_id: by.person,
    team_id: by.team,
    name,
    scopes: [...new Set(scopes)].join(','),
    created_at: now,
    expires_at: expiresAt,
  });
  const [made] = await keysOf(db, by.person, now, id);
  if (made === undefined) throw new Error(`key ${id} is gone as soon as it was made`);
  return { ok: true, key, view: viewOfKey(made, by) };
}

/** When the key ends by which somebody asks; null where it does not, or where they signed in. */
export const endOf = ({ proof }: Principal, good: KeyOfPerson[]): number | null =>
  (proof.type === 'key' ? good.find(({ id }) => id === proof.id)?.expires_at : null) ?? null;

export const viewOfKey = (key: KeyOfPerson, { proof }: Principal): KeyView => ({
  id: key.id,
  name: key.name,
  team: { id: key.team_id, name: key.team },
  scopes: scopesOf(key.scopes),
  createdAt: key.created_at,
  expiresAt: key.expires_at,
  lastUsedAt: key.last_used_at,
  current: proof.type === 'key' && proof.id === key.id,
});

const tooMuch = (lacking: Scope[]): Refusal =>
  refuse(
    403,
    'not-allowed',
    `This key cannot give what it has not: it lacks the scope "${lacking.join('", "')}". Sign in to make such a key.`,
  );
const OVER = refuse(422, 'ends-before-now', 'The end of the key lies in the past. Choose a later day.');
const OUTLIVES = refuse(
  403,
  'not-allowed',
  'A key cannot make one that is good for longer than itself. Sign in to make such a key.',
);
const TOO_MANY = refuse(
  409,
  'too-many-keys',
  `There are ${MOST_KEYS} keys of yours already. Revoke one that is not needed any more.`,
);
