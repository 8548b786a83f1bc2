import type { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import type { ClerkConfig } from '@parallel-pilot/shared/server/clerk-config.ts';
import { z } from 'zod';
import type { Identity } from '../identities.ts';
import type { Refusal } from '../request.ts';
import { NO_ORGANIZATION, NOT_UNDERSTOOD, PENDING } from './refusals.ts';

/**
 * What a session token of Clerk says, version 1 or 2 (https://clerk.com/docs/backend-requests/resources/session-tokens).
 * `name` and `email` are there where the application was told to add them.
 */
const Claims = z.object({
  sub: z.string().min(1).max(200),
  sid: z.string().min(1).max(200),
  sts: z.string().optional(),
  name: z.string().max(300).nullish(),
  email: z.email().max(254).nullish().catch(null),
  email_verified: z.boolean().nullish().catch(null),
  /** The admin who acts as them, by Clerk. */
  act: z.object({ sub: z.string() }).nullish(),
  o: z
    .object({ id: z.string(), slg: z.string().nullish(), nam: z.string().nullish(), rol: z.string() })
    .nullish(),
  org_id: z.string().nullish(),
  org_slug: z.string().nullish(),
  org_name: z.string().nullish(),
  org_role: z.string().nullish(),
});
type Claims = z.infer<typeof Claims>;

/** Whose the token is, or why it does not do. Its signature, times, issuer and party are checked before. */
export function identityOf(
  payload: unknown,
  { organization }: Pick<ClerkConfig, 'organization'>,
): Identity | Refusal {
  const parsed = Claims.safeParse(payload);
  if (!parsed.success) return NOT_UNDERSTOOD;
  const claims = parsed.data;
  if (claims.sts !== undefined && claims.sts !== 'active') return PENDING;
  const active = organizationOf(claims);
  if (active === null && organization === 'required') return NO_ORGANIZATION;
  const name = oneLine(claims.name ?? '').trim();
  return {
    subject: `clerk:${claims.sub}`,
    name: (name === '' ? (claims.email ?? `Person ${claims.sub.slice(-6)}`) : name).slice(0, 100),
    email: claims.email ?? null,
    emailVerified: claims.email_verified === true,
    session: claims.sid,
    // A token names the organisation that was chosen, not all that somebody is in.
    teams: { source: 'clerk', all: false, teams: active === null ? [] : [active] },
    ...(claims.act == null ? {} : { impersonatedBy: `clerk:${claims.act.sub}` }),
  };
}

/** The chosen organisation, in both versions of the claims brought to one form. */
function organizationOf({ o, ...one }: Claims) {
  const id = o?.id ?? one.org_id ?? null;
  if (id === null) return null;
  const name = o?.nam ?? one.org_name ?? o?.slg ?? one.org_slug ?? id;
  return { subject: `clerk:${id}`, name: oneLine(name).slice(0, 100), role: roleOf(o?.rol ?? one.org_role) };
}

const ROLES: Record<string, TeamRole> = {
  owner: 'owner',
  admin: 'owner',
  manager: 'manager',
  member: 'member',
  basic_member: 'member',
  viewer: 'viewer',
};

/** `admin` in version 2, `org:admin` in version 1. A role that is not known here may look, and no more. */
const roleOf = (role: string | null | undefined): TeamRole => {
  const known = (role ?? '').replace(/^org:/, '');
  return Object.hasOwn(ROLES, known) ? (ROLES[known] ?? 'viewer') : 'viewer';
};
