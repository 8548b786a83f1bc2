import { z } from 'zod';
import { strictObject } from '../model/strict-object.ts';

/** What the operations below /api/auth take. */
const password = z.string().min(1).max(512);
const name = z.string().trim().min(1).max(100);

export const PasswordSignIn = strictObject({
  email: z.string().trim().max(254).pipe(z.email()),
  password,
  /** False: the session ends with the browser, or in a day. */
  rememberMe: z.boolean().default(true),
});
export const PasswordChange = strictObject({ currentPassword: password, newPassword: password });
export const OwnPassword = strictObject({ password });
export const TotpCode = strictObject({
  code: z
    .string()
    .transform((text) => text.replace(/\s/g, ''))
    .pipe(z.string().regex(/^\d{6}$/, 'The code has six digits.')),
  /** True: this browser is not asked for a code for 30 days. */
  trustDevice: z.boolean().default(false),
});
export const BackupCode = strictObject({ code: z.string().trim().min(1).max(40) });
export const SessionToEnd = strictObject({ id: z.string().min(1).max(64) });
/** What navigator.credentials gave, as JSON (WebAuthn Level 3, 5.1.8). */
export const NewPasskey = strictObject({
  response: z.record(z.string(), z.unknown()),
  name: name.optional(),
});
export const PasskeySignIn = strictObject({ response: z.record(z.string(), z.unknown()) });
export const PasskeyName = strictObject({ id: z.string().min(1).max(64), name });
export const PasskeyId = strictObject({ id: z.string().min(1).max(64) });

export const OidcSignIn = strictObject({
  /** One of `ways.oidc` of GET /api/v1/session. */
  provider: z.string().min(1).max(40),
  /** Where on the site to come back to. */
  returnTo: z
    .string()
    .max(500)
    .regex(/^\/(?![/\\])[\x21-\x7e]*$/, 'must be a path of this site, such as /jobs')
    .default('/'),
});
/** Where to send the browser. */
export const OidcBegun = z.object({ url: z.string() });

/** POST /api/auth/sign-in/email. `needs`: the password was right, and a code of the authenticator app is asked for. */
export const SignedIn = z.object({ signedIn: z.boolean(), needs: z.enum(['totp']).nullable() });
export type SignedIn = z.infer<typeof SignedIn>;

/** POST /api/auth/two-factor/enable: nothing is asked for before a first code has proved that the app has the secret. */
export const TotpSetup = z.object({ totpUri: z.string(), backupCodes: z.array(z.string()) });
export const BackupCodes = z.object({ backupCodes: z.array(z.string()) });

/** GET /api/auth/sessions: where the account is signed in, newest first. */
export const AccountSessions = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      createdAt: z.number(),
      expiresAt: z.number(),
      address: z.string(),
      userAgent: z.string(),
      current: z.boolean(),
    }),
  ),
});
export type AccountSessions = z.infer<typeof AccountSessions>;

/** GET /api/auth/ways: by what the account can be signed in to. */
export const AccountWays = z.object({
  email: z.string(),
  emailVerified: z.boolean(),
  password: z.boolean(),
  totp: z.boolean(),
  passkeys: z.array(
    z.object({ id: z.string(), name: z.string().nullable(), createdAt: z.number().nullable() }),
  ),
  providers: z.array(z.string()),
});
export type AccountWays = z.infer<typeof AccountWays>;
