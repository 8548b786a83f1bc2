import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import { isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { sameSecret, sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { parse } from 'hono/utils/cookie';
import { countAttempts } from './attempts.ts';
import { isSessionToken, makeSessionToken, SESSION_MS } from './session-token.ts';

export const SESSION_COOKIE = 'pilot_session';

export type Verdict = { ok: true } | { ok: false; status: 401 | 403 | 429; code: string; message: string };

/** A request as far as access goes; `address` is where it came from. */
export type Knock = { method: string; headers: IncomingHttpHeaders; address: string };

export interface Access {
  /** False on loopback: the one owner needs no key there. */
  readonly required: boolean;
  /** Was this sent to us, and not by another site's page? For every request, signed in or not. */
  admit(knock: Knock): Verdict;
  /** Is it the owner? */
  identify(knock: Knock): Verdict;
  /** Both, for a connection that may change things: the browsers' Socket.IO handshake. */
  authorizeRequest(headers: IncomingHttpHeaders, address: string): Verdict;
  signIn(key: string, address: string): { ok: true; token: string } | Extract<Verdict, { ok: false }>;
}

export type AccessParts = { config: ServerConfig; signingKey: string; ownerKeyHash: string; clock: Clock };

/**
 * Who may do what on the HTTP API. On loopback the Host header must name this
 * machine, so that a hostile page cannot reach the farm by pointing a name of
 * its own at 127.0.0.1; on any other address the owner's key is demanded.
 */
export function createAccess({ config, signingKey, ownerKeyHash, clock }: AccessParts): Access {
  const required = !isLocalOnly(config);
  const attempts = countAttempts(clock);
  const proveKey = (key: string, address: string): Verdict => {
    // The right key first: behind a proxy all come from one address, and guesses must not lock the owner out.
    if (sameSecret(sha256(key), ownerKeyHash)) return { ok: true };
    if (attempts.exhausted(address)) return TOO_MANY;
    attempts.failed(address);
    return WRONG_KEY;
  };
  const admit = (knock: Knock): Verdict => {
    const host = knock.headers.host ?? '';
    if (!required && !isLoopback(host.toLowerCase().replace(/:\d+$/, ''))) return WRONG_HOST;
    return isSafe(knock.method) || isOwnOrigin(knock.headers.origin, host, config) ? { ok: true } : FOREIGN;
  };
  const identify = ({ headers, address }: Knock): Verdict => {
    if (!required) return { ok: true };
    const bearer = /^Bearer +(\S{1,200}) *$/i.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return proveKey(bearer, address);
    const token = parse(headers.cookie ?? '', SESSION_COOKIE)[SESSION_COOKIE];
    const signedIn = token !== undefined && isSessionToken(token, clock(), ownerKeyHash, signingKey);
    return signedIn ? { ok: true } : SIGNED_OUT;
  };
  return {
    required,
    admit,
    identify,
    authorizeRequest(headers, address) {
      const knock = { method: 'CONNECT', headers, address };
      const admitted = admit(knock);
      return admitted.ok ? identify(knock) : admitted;
    },
    signIn(key, address) {
      const proof = proveKey(key, address);
      if (!proof.ok) return proof;
      return { ok: true, token: makeSessionToken(clock() + SESSION_MS, ownerKeyHash, signingKey) };
    },
  };
}

/** True where only this machine comes in. Behind a proxy with a public address, loopback says nothing about who asks. */
export const isLocalOnly = (config: ServerConfig): boolean =>
  isLoopback(config.host) && (config.publicUrl === null || isLoopback(new URL(config.publicUrl).hostname));

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

/** Browsers name the origin of every request that changes something; programs send none. */
function isOwnOrigin(origin: string | undefined, host: string, config: ServerConfig): boolean {
  if (origin === undefined) return true;
  if (config.publicUrl !== null && origin === new URL(config.publicUrl).origin) return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

const no = (status: 401 | 403 | 429, code: string, message: string) =>
  ({ ok: false, status, code, message }) as const;

const WRONG_HOST = no(
  403,
  'wrong-host',
  'The farm answers on this machine only: open it as http://localhost or http://127.0.0.1 with its port.',
);
const FOREIGN = no(403, 'foreign-origin', 'A page of another site may not change anything here.');
const SIGNED_OUT = no(401, 'sign-in-required', "Sign in with the owner's key, or send it as a bearer token.");
const WRONG_KEY = no(401, 'wrong-key', "This is not the owner's key of this farm.");
const TOO_MANY = no(429, 'too-many-attempts', 'Too many wrong keys came from this address. Wait a minute.');
