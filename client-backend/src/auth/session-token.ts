import { createHmac } from 'node:crypto';
import { sameSecret } from '@parallel-pilot/shared/server/secrets.ts';

export const SESSION_MS = 30 * 24 * 60 * 60_000;

/**
 * A sign-in as a signed text, so that it outlives a restart of the backend:
 * `<end in ms>.<HMAC>`. It is tied to the owner's key: a new key ends it.
 */
export function makeSessionToken(endsAt: number, ownerKeyHash: string, signingKey: string): string {
  return `${endsAt}.${sign(String(endsAt), ownerKeyHash, signingKey)}`;
}

export function isSessionToken(
  token: string,
  now: number,
  ownerKeyHash: string,
  signingKey: string,
): boolean {
  const match = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(token);
  if (match === null) return false;
  const [, endsAt = '', signature = ''] = match;
  return Number(endsAt) > now && sameSecret(signature, sign(endsAt, ownerKeyHash, signingKey));
}

const sign = (endsAt: string, ownerKeyHash: string, signingKey: string): string =>
  createHmac('sha256', signingKey).update(`session:${endsAt}:${ownerKeyHash}`).digest('hex');
