import {
  AccountSessions,
  AccountWays,
  BackupCode,
  BackupCodes,
  NewPasskey,
  OidcBegun,
  OidcSignIn,
  OwnPassword,
  PasskeyId,
  PasskeyName,
  PasskeySignIn,
  PasswordChange,
  PasswordSignIn,
  SessionToEnd,
  SignedIn,
  TotpCode,
  TotpSetup,
} from '@parallel-pilot/shared/api/accounts.ts';
import { z } from 'zod';
import type { Need } from '../needs.ts';

/** Where all of it is. */
export const BASE_PATH = '/api/auth';

/**
 * What of the accounts library is answered below /api/auth; all else is not there. The OpenAPI document and the
 * table of who may do what are made from this list.
 */
export type AccountOperation = {
  method: 'GET' | 'POST';
  /** Below /api/auth; `{provider}` stands for one part. */
  path: `/${string}`;
  summary: string;
  /** `account.*`: for who is signed in to an account, of their own alone. */
  need: Extract<Need, 'open' | 'account.see' | 'account.change'>;
  /** What a stranger could try out by it, and is therefore counted. */
  guesses: 'nothing' | 'password' | 'own-password' | 'code' | 'passkey';
  body?: z.ZodType<Record<string, unknown>>;
  /** How the answer of the library becomes that of the farm; without it the answer is empty. */
  answer?: (body: Record<string, unknown>) => unknown;
  /** The schema of that answer. */
  answers?: z.ZodType;
  /** What was done, as the audit calls it; of a sign-in, by what. */
  event?: { action: 'session.open'; way: string } | { action: 'session.close' | 'account.change' };
};

const open = { need: 'open', guesses: 'nothing' } as const;
const see = { need: 'account.see', guesses: 'nothing' } as const;
const change = { need: 'account.change', guesses: 'nothing' } as const;
const nothing = z.strictObject({});
const asIs = (body: Record<string, unknown>) => body;
const signedIn = () => ({ signedIn: true, needs: null }) satisfies SignedIn;

export const ACCOUNT_OPERATIONS: readonly AccountOperation[] = [
  {
    ...open,
    method: 'POST',
    path: '/sign-in/email',
    summary: 'Sign in with e-mail and password',
    guesses: 'password',
    body: PasswordSignIn,
    answer: (body) =>
      (body.twoFactorRedirect === true ? { signedIn: false, needs: 'totp' } : signedIn()) satisfies SignedIn,
    answers: SignedIn,
    event: { action: 'session.open', way: 'password' },
  },
  {
    ...open,
    method: 'POST',
    path: '/two-factor/verify-totp',
    summary: 'Give the code of the authenticator app: to sign in, or to turn codes on',
    guesses: 'code',
    body: TotpCode,
    answer: signedIn,
    answers: SignedIn,
    event: { action: 'session.open', way: 'totp' },
  },
  {
    ...open,
    method: 'POST',
    path: '/two-factor/verify-backup-code',
    summary: 'Sign in with a backup code in place of the app',
    guesses: 'code',
    body: BackupCode,
    answer: signedIn,
    answers: SignedIn,
    event: { action: 'session.open', way: 'backup-code' },
  },
  {
    ...open,
    method: 'GET',
    path: '/passkey/generate-authenticate-options',
    summary: 'Begin to sign in with a passkey',
    answer: asIs,
  },
  {
    ...open,
    method: 'POST',
    path: '/passkey/verify-authentication',
    summary: 'Sign in with a passkey',
    guesses: 'passkey',
    body: PasskeySignIn,
    answer: signedIn,
    answers: SignedIn,
    event: { action: 'session.open', way: 'passkey' },
  },
  {
    ...open,
    method: 'POST',
    path: '/sign-in/oidc',
    summary: 'Begin to sign in by another service',
    body: OidcSignIn,
    answer: ({ url }) => ({ url }),
    answers: OidcBegun,
  },
  {
    ...open,
    method: 'GET',
    path: '/oidc/callback/{provider}',
    summary: 'Where another service sends the browser back to',
  },
  {
    ...open,
    method: 'POST',
    path: '/sign-out',
    summary: 'Sign out',
    body: nothing,
    event: { action: 'session.close' },
  },
  {
    ...see,
    method: 'GET',
    path: '/ways',
    summary: 'By what my account can be signed in to',
    answer: asIs,
    answers: AccountWays,
  },
  {
    ...see,
    method: 'GET',
    path: '/sessions',
    summary: 'Where I am signed in',
    answer: asIs,
    answers: AccountSessions,
  },
  {
    ...change,
    method: 'POST',
    path: '/sessions/end',
    summary: 'End one of my sessions',
    body: SessionToEnd,
    event: { action: 'session.close' },
  },
  {
    ...change,
    method: 'POST',
    path: '/sessions/end-others',
    summary: 'End all of my sessions but this one',
    body: nothing,
    event: { action: 'session.close' },
  },
  {
    ...change,
    method: 'POST',
    path: '/change-password',
    summary: 'Change my password, which ends all other sessions',
    guesses: 'own-password',
    body: PasswordChange,
    event: { action: 'account.change' },
  },
  {
    ...change,
    method: 'POST',
    path: '/two-factor/enable',
    summary: 'Begin to ask for codes of an authenticator app',
    guesses: 'own-password',
    body: OwnPassword,
    // Apps show a plus as one, where the library means a space.
    answer: ({ totpURI, backupCodes }) => ({ totpUri: String(totpURI).replaceAll('+', '%20'), backupCodes }),
    answers: TotpSetup,
  },
  {
    ...change,
    method: 'POST',
    path: '/two-factor/disable',
    summary: 'Ask for codes no more',
    guesses: 'own-password',
    body: OwnPassword,
    event: { action: 'account.change' },
  },
  {
    ...change,
    method: 'POST',
    path: '/two-factor/generate-backup-codes',
    summary: 'New backup codes in place of the old ones',
    guesses: 'own-password',
    body: OwnPassword,
    answer: ({ backupCodes }) => ({ backupCodes }),
    answers: BackupCodes,
    event: { action: 'account.change' },
  },
  {
    ...change,
    method: 'GET',
    path: '/passkey/generate-register-options',
    summary: 'Begin to add a passkey',
    answer: asIs,
  },
  {
    ...change,
    method: 'POST',
    path: '/passkey/verify-registration',
    summary: 'Add a passkey',
    body: NewPasskey,
    event: { action: 'account.change' },
  },
  {
    ...change,
    method: 'POST',
    path: '/passkey/update-passkey',
    summary: 'Rename a passkey',
    body: PasskeyName,
  },
  {
    ...change,
    method: 'POST',
    path: '/passkey/delete-passkey',
    summary: 'Remove a passkey',
    body: PasskeyId,
    event: { action: 'account.change' },
  },
];
