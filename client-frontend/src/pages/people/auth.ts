import {
  AccountSessions,
  AccountWays,
  BackupCodes,
  OidcBegun,
  SignedIn,
  TotpSetup,
} from '@parallel-pilot/shared/api/accounts.ts';
import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { z } from 'zod';
import { command, request } from '../../api/request.ts';

/** What is asked below /api/auth: how somebody shows who they are. */
const auth = '/api/auth';
const post = (path: string, body: object = {}) => command(`${auth}${path}`, { method: 'POST', body });

export const signInByPassword = (email: string, password: string) =>
  request(SignedIn, `${auth}/sign-in/email`, { method: 'POST', body: { email, password } });
export const giveCode = (code: string, trustDevice = false) =>
  request(SignedIn, `${auth}/two-factor/verify-totp`, { method: 'POST', body: { code, trustDevice } });
export const giveBackupCode = (code: string) =>
  request(SignedIn, `${auth}/two-factor/verify-backup-code`, { method: 'POST', body: { code } });

/** Where the browser has to go to be vouched for by another service; it comes back to `returnTo`, a path of the site. */
export const beginOidc = async (provider: string, returnTo: string): Promise<string> => {
  const body = { provider, returnTo };
  return (await request(OidcBegun, `${auth}/sign-in/oidc`, { method: 'POST', body })).url;
};

/** What the browser itself asks of its user, who may say no. */
export class PasskeyError extends Error {
  override name = 'PasskeyError';
}
const Options = z.record(z.string(), z.unknown());

export async function signInByPasskey(): Promise<void> {
  const optionsJSON = await request(Options, `${auth}/passkey/generate-authenticate-options`);
  const response = await asked(() =>
    startAuthentication({ optionsJSON: optionsJSON as unknown as PublicKeyCredentialRequestOptionsJSON }),
  );
  await post('/passkey/verify-authentication', { response });
}

export async function addPasskey(name: string): Promise<void> {
  const optionsJSON = await request(Options, `${auth}/passkey/generate-register-options`);
  const response = await asked(() =>
    startRegistration({ optionsJSON: optionsJSON as unknown as PublicKeyCredentialCreationOptionsJSON }),
  );
  await post('/passkey/verify-registration', { response, ...(name === '' ? {} : { name }) });
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const known = error instanceof Error ? error.name : '';
    if (known === 'InvalidStateError')
      throw new PasskeyError('This device has a passkey for this account already.');
    throw new PasskeyError('The browser made or gave no passkey: it was refused, or it took too long.');
  }
}

/** Browsers have passkeys only in pages of this machine or ones served over HTTPS. */
export const passkeysPossible = (): boolean =>
  window.isSecureContext && typeof window.PublicKeyCredential === 'function';

export const endAccountSession = () => post('/sign-out');
export const getWays = (signal?: AbortSignal) => request(AccountWays, `${auth}/ways`, { signal });
export const getSessions = (signal?: AbortSignal) => request(AccountSessions, `${auth}/sessions`, { signal });
export const endSession = (id: string) => post('/sessions/end', { id });
export const endOtherSessions = () => post('/sessions/end-others');
export const changePassword = (currentPassword: string, newPassword: string) =>
  post('/change-password', { currentPassword, newPassword });
export const beginTotp = (password: string) =>
  request(TotpSetup, `${auth}/two-factor/enable`, { method: 'POST', body: { password } });
export const endTotp = (password: string) => post('/two-factor/disable', { password });
export const newBackupCodes = (password: string) =>
  request(BackupCodes, `${auth}/two-factor/generate-backup-codes`, { method: 'POST', body: { password } });
export const renamePasskey = (id: string, name: string) => post('/passkey/update-passkey', { id, name });
export const removePasskey = (id: string) => post('/passkey/delete-passkey', { id });
