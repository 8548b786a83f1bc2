/** What the library refuses, by its code: as the farm says it. `wrong` counts as a wrong guess. */
export type Refusal = { status: 400 | 401 | 403 | 404 | 409 | 429 | 500 | 502; code: string; detail: string };

const no = (status: Refusal['status'], code: string, detail: string): Refusal => ({ status, code, detail });

export const SIGN_IN_FIRST = no(401, 'sign-in-required', 'Sign in first.');
export const WRONG_PASSWORD = no(401, 'wrong-password', 'The e-mail or the password is not right.');
export const TOO_MANY_FROM_HERE = no(
  429,
  'too-many-attempts',
  'Too many wrong passwords or codes came from this address. Wait a minute. A browser that has signed in to the account before is not held up.',
);
export const ACCOUNT_GUESSED_AT = no(
  429,
  'account-guessed-at',
  'Many wrong passwords are being tried for this account, from several places. Sign in with a browser that has done so before, with a passkey, or by a reset link; or try again in a moment.',
);
export const BUSY = no(429, 'busy', 'Too many passwords are being checked. Try again in a moment.');
export const FAILED = no(500, 'failed', 'The farm could not do this; its log says why. Try again.');
const CODE_AGAIN = no(
  401,
  'sign-in-again',
  'The time for the code is over, or too many wrong ones were given. Sign in with the password again.',
);

const REFUSALS: Record<string, Refusal> = {
  INVALID_EMAIL_OR_PASSWORD: WRONG_PASSWORD,
  INVALID_EMAIL: WRONG_PASSWORD,
  INVALID_PASSWORD: no(400, 'wrong-own-password', 'This is not the password of your account.'),
  PASSWORD_TOO_LONG: WRONG_PASSWORD,
  CREDENTIAL_ACCOUNT_NOT_FOUND: no(
    409,
    'no-password',
    'Your account has no password: you sign in by another service. Ask for a reset link to set one.',
  ),
  UNAUTHORIZED: SIGN_IN_FIRST,
  SESSION_EXPIRED: SIGN_IN_FIRST,
  SESSION_NOT_FRESH: no(
    403,
    'sign-in-again',
    'This needs a sign-in of the last day: sign out, sign in again, and repeat it.',
  ),
  NO_SUCH_SESSION: no(404, 'not-found', 'There is no such session of yours; it may have ended already.'),
  INVALID_CODE: no(
    401,
    'wrong-code',
    'The code is not right. Codes change every 30 seconds and need the right time on your device.',
  ),
  INVALID_BACKUP_CODE: no(401, 'wrong-code', 'This is no backup code of the account, or it was used before.'),
  INVALID_TWO_FACTOR_COOKIE: CODE_AGAIN,
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: CODE_AGAIN,
  ACCOUNT_TEMPORARILY_LOCKED: no(
    429,
    'codes-locked',
    'Ten wrong codes came one after another from who knows your password. Codes are refused for 15 minutes; change the password if it was not you.',
  ),
  TOTP_ALREADY_ENABLED: no(
    409,
    'totp-on',
    'Codes are asked for already. Turn them off first to use another app.',
  ),
  TOTP_NOT_ENABLED: no(409, 'totp-off', 'Codes are not set up for this account.'),
  TWO_FACTOR_NOT_ENABLED: no(409, 'totp-off', 'Codes are not set up for this account.'),
  BACKUP_CODES_NOT_ENABLED: no(409, 'totp-off', 'Codes are not set up for this account.'),
  PASSKEY_NOT_FOUND: no(401, 'wrong-passkey', 'This passkey is not known here; it may have been removed.'),
  AUTHENTICATION_FAILED: no(401, 'wrong-passkey', 'The passkey was not accepted. Try again.'),
  PASSKEY_NOT_UNLOCKED: no(
    401,
    'wrong-passkey',
    'The passkey has to be unlocked by fingerprint, face or PIN, which this device did not do.',
  ),
  CHALLENGE_NOT_FOUND: no(400, 'passkey-too-late', 'This took longer than five minutes. Try again.'),
  FAILED_TO_VERIFY_REGISTRATION: no(
    400,
    'passkey-refused',
    'The passkey was not accepted. It has to be made on a page of this farm.',
  ),
  PREVIOUSLY_REGISTERED: no(409, 'passkey-known', 'This passkey is added already.'),
  INVALID_ORIGIN: no(403, 'foreign-origin', 'A page of another site may not change anything here.'),
  MISSING_OR_NULL_ORIGIN: no(403, 'foreign-origin', 'The request does not say which page it comes from.'),
  CROSS_SITE_NAVIGATION_LOGIN_BLOCKED: no(
    403,
    'foreign-origin',
    'A page of another site may not change anything here.',
  ),
  PROVIDER_NOT_FOUND: no(404, 'not-found', 'Nobody signs in by this service here.'),
  USER_NOT_FOUND: no(404, 'not-found', 'There is no such account.'),
};

/** By the library's code; one that is not known here is said in its own words. */
export function refusalOf(status: number, body: { code?: unknown; message?: unknown }): Refusal {
  const known = REFUSALS[String(body.code)];
  if (known !== undefined) return known;
  // Said in our words already.
  if (status === 502) return no(502, String(body.code), String(body.message));
  const usual = ([400, 401, 403, 404, 409, 429] as const).find((one) => one === status) ?? 400;
  return no(
    usual,
    'not-accepted',
    typeof body.message === 'string' ? `${body.message}.` : 'This was refused.',
  );
}

/** Whether it says that what was guessed at is something else. */
export const isWrongGuess = ({ code }: Refusal): boolean => code.startsWith('wrong-');
