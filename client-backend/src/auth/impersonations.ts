import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import {
  deleteExpiredImpersonations,
  deleteImpersonation,
  findImpersonation,
  insertImpersonation,
} from '@parallel-pilot/shared/server/db/impersonations.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { parse } from 'hono/utils/cookie';
import type { Parts } from '../parts.ts';
import type { createPrincipals } from './principals.ts';
import type { AccessRequest, Identification } from './request.ts';

export const IMPERSONATION_COOKIE = 'pilot_impersonation';
export const IMPERSONATION_MS = 60 * 60_000;

export interface Impersonations {
  /** Who a request comes from, once it was found who sent it: the person that an admin acts as, in that team of theirs. */
  seen(sender: Identification, request: AccessRequest, team: string | undefined): Promise<Identification>;
  /** The token for the admin's cookie; good for an hour, and beside their own session alone. */
  begin(admin: Principal, person: PersonId): Promise<Begun>;
  end(sender: Identification, request: AccessRequest): Promise<void>;
  sweep(): Promise<void>;
}

export type Begun =
  | { ok: true; token: string }
  | { ok: false; status: 404 | 409; code: string; message: string };

/** Admins who act as somebody else: kept in the database, looked at with each request, and never as another admin. */
export function createImpersonations(
  { db, clock, random }: Pick<Parts, 'db' | 'clock' | 'random'>,
  { inTeam }: Pick<ReturnType<typeof createPrincipals>, 'inTeam'>,
): Impersonations {
  const actingOf = async (admin: Principal, token: string) => {
    if (admin.farmRole !== 'admin' || !FORM.test(token)) return undefined;
    const found = await findImpersonation(db, hashOf(admin, token), clock());
    if (found === undefined || found.admin_id !== admin.person) return undefined;
    const person = await findPerson(db, found.person_id);
    return person === undefined || person.role === 'admin' || person.banned_at !== null ? undefined : person;
  };
  return {
    async seen(sender, request, team) {
      // A key says itself whose it is; only a browser acts as somebody.
      if (!sender.ok || request.headers.authorization !== undefined) return sender;
      const token = tokenOf(request);
      if (token === undefined) return sender;
      const { principal: admin } = sender;
      const person = await actingOf(admin, token);
      if (person === undefined) return sender;
      // Not by the admin's key, which is of a team of theirs.
      const proof = { type: 'session', id: 'impersonation' } as const;
      const acting = await inTeam(person, team, { proof, impersonator: admin.person });
      if (!acting.ok) return acting;
      return { ok: true, principal: { ...acting.principal, scopes: admin.scopes } };
    },
    async begin(admin, id) {
      const person = await findPerson(db, id);
      if (person === undefined || person.deleted_at !== null)
        return { ok: false, status: 404, code: 'person-unknown', message: 'There is no such person.' };
      if (person.role === 'admin') return no(`${person.name} is an admin too, and nobody acts as an admin.`);
      if (person.banned_at !== null) return no(`${person.name} is banned. Let them in again first.`);
      const token = Buffer.from(random(32)).toString('base64url');
      const now = clock();
      await insertImpersonation(db, {
        token_hash: hashOf(admin, token),
        admin_id: admin.person,
        person_id: id,
        created_at: now,
        expires_at: now + IMPERSONATION_MS,
      });
      return { ok: true, token };
    },
    async end(sender, request) {
      const token = tokenOf(request);
      if (token !== undefined && sender.ok) await deleteImpersonation(db, hashOf(sender.principal, token));
    },
    sweep: () => deleteExpiredImpersonations(db, clock()),
  };
}

const FORM = /^[\w-]{43}$/;
/** Of the session that it was begun in, too: who signs in anew is themselves. */
const hashOf = ({ proof }: Principal, token: string): string =>
  sha256(`impersonation:${proof.type === 'local' ? 'local' : proof.id}:${token}`);
const tokenOf = ({ headers }: AccessRequest): string | undefined =>
  parse(headers.cookie ?? '', IMPERSONATION_COOKIE)[IMPERSONATION_COOKIE];

const no = (message: string): Begun => ({ ok: false, status: 409, code: 'not-allowed', message });
