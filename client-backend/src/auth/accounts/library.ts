import { passkey } from '@better-auth/passkey';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { betterAuth } from 'better-auth';
import { APIError } from 'better-auth/api';
import { twoFactor } from 'better-auth/plugins';
import { CamelCasePlugin } from 'kysely';
import { type OidcParts, oidcOperations } from './oidc/oidc-operations.ts';
import { BASE_PATH } from './operations.ts';
import { ownOperations } from './own-operations.ts';

export type LibraryParts = {
  /** A connection of its own: on one that is shared, SQLite's transactions would wait for each other for ever. */
  db: Db;
  type: 'sqlite' | 'mysql';
  log: Log;
  secret: string;
  /** Where people reach the farm: scheme, host and port. */
  origin: string;
  oidc: Omit<OidcParts, 'origin'>;
};

export const ADDRESS_HEADER = 'x-pilot-address';
export const SESSION_SECONDS = 30 * 24 * 60 * 60;

/**
 * The accounts library, set up to prove who somebody is and nothing else: people come by link, so nobody signs up; its
 * limits are off, since attempts.ts refuses before a password is hashed; its telemetry is off.
 */
export const createLibrary = ({ db, type, log, secret, origin, oidc }: LibraryParts) =>
  betterAuth({
    appName: 'Parallel Pilot',
    baseURL: origin,
    basePath: BASE_PATH,
    secret,
    database: { db: db.withPlugin(new CamelCasePlugin()), type, transaction: true },
    // The address that a browser asked is known to it alone: its own is checked by access.ts before, too.
    trustedOrigins: async (request) => (request === undefined ? [] : [new URL(request.url).origin]),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: {
      // At `warn` and `error` it writes what it refuses to the console, past this function.
      level: 'info',
      log: (level, message) => {
        // Wrong passwords are logged by who counts them.
        if (level === 'error') log.warn({ event: 'accounts.library', message });
      },
    },
    advanced: {
      cookiePrefix: 'pilot',
      useSecureCookies: origin.startsWith('https:'),
      // Not `strict`: a browser that comes back from an OpenID issuer would not show the session.
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 1, maxPasswordLength: 512 },
    user: { modelName: 'auth_users' },
    session: {
      modelName: 'auth_sessions',
      expiresIn: SESSION_SECONDS,
      disableSessionRefresh: true,
      additionalFields: { teamsJson: { type: 'string', required: false, input: false } },
    },
    account: { modelName: 'auth_accounts' },
    verification: { modelName: 'auth_verifications' },
    plugins: [
      twoFactor({ issuer: 'Parallel Pilot', schema: { twoFactor: { modelName: 'auth_two_factors' } } }),
      passkey({
        rpName: 'Parallel Pilot',
        rpID: new URL(origin).hostname,
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        authentication: {
          // A passkey stands for password and code together, so whoever holds the device has to unlock it.
          afterVerification: async ({ verification }) => {
            if (!verification.authenticationInfo.userVerified) {
              throw new APIError('UNAUTHORIZED', { code: 'PASSKEY_NOT_UNLOCKED' });
            }
          },
        },
        schema: { passkey: { modelName: 'auth_passkeys', fields: { credentialID: 'credentialId' } } },
      }),
      ownOperations(),
      oidcOperations({ ...oidc, origin }),
    ],
  });

export type Library = ReturnType<typeof createLibrary>;
