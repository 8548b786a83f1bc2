import { verifyToken } from '@clerk/backend';
import { TokenVerificationErrorReason as Reason, TokenVerificationError } from '@clerk/backend/errors';
import type { ClerkConfig } from '@parallel-pilot/shared/server/clerk-config.ts';
import { parse } from 'hono/utils/cookie';
import type { Identities } from '../identities.ts';
import type { AccessRequest, Refusal } from '../request.ts';
import { identityOf } from './claims.ts';
import { CLOCK_OFF, EXPIRED, NOT_PROVED, OTHER_APP } from './refusals.ts';

/** Clerk's script keeps the session token of the page in it, so that pictures, downloads and sockets carry it too. */
const COOKIE = '__session';
/** By so much the clocks may differ, ms. */
const SKEW_MS = 5_000;

export type ClerkParts = { clerk: ClerkConfig; publicUrl: string | null };

/** People whom Clerk vouches for, by session tokens that are proved here, without the network. */
export function createClerk({ clerk, publicUrl }: ClerkParts): Identities {
  const known = clerk.authorizedParties.length > 0 ? clerk.authorizedParties : originOf(publicUrl);
  const options = { jwtKey: clerk.jwtKey, issuer: `https://${clerk.host}`, clockSkewInMs: SKEW_MS };
  return {
    mode: 'clerk',
    ways: { password: false, oidc: [], clerk: { publishableKey: clerk.publishableKey } },
    async identify(request) {
      const token = tokenOf(request);
      if (token === undefined) return null;
      const authorizedParties = known ?? [`http://${request.headers.host ?? ''}`];
      try {
        // The library lets a token pass that names no page at all.
        const claims = await verifyToken(token, { ...options, authorizedParties });
        return claims.azp === undefined ? OTHER_APP : identityOf(claims, clerk);
      } catch (error) {
        return refusalOf(error);
      }
    },
    async close() {},
  };
}

const originOf = (publicUrl: string | null): string[] | null =>
  publicUrl === null ? null : [new URL(publicUrl).origin];

function tokenOf({ headers }: AccessRequest): string | undefined {
  const bearer = /^Bearer +(\S{1,8192}) *$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? parse(headers.cookie ?? '', COOKIE)[COOKIE];
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof TokenVerificationError)) throw error;
  switch (error.reason) {
    case Reason.TokenExpired:
      return EXPIRED;
    case Reason.TokenInvalidAuthorizedParties:
    case Reason.TokenInvalidIssuer:
      return OTHER_APP;
    case Reason.TokenNotActiveYet:
    case Reason.TokenIatInTheFuture:
      return CLOCK_OFF;
    default:
      return NOT_PROVED;
  }
}
