import type { IncomingHttpHeaders } from 'node:http';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import { isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { clientAddress, peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import { sameSecret, sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { parse } from 'hono/utils/cookie';
import type { Parts } from '../parts.ts';
import { createSessions } from './sessions.ts';

export const SESSION_COOKIE = 'pilot_session';

export type AccessDecision =
  | { ok: true }
  | { ok: false; status: 401 | 403 | 429; code: string; message: string };

/** A request as far as access goes; `address` is where its connection came from. */
export type AccessRequest = { method: string; headers: IncomingHttpHeaders; address: string };

export interface Access {
  /** False on loopback: the one owner needs no key there. */
  readonly required: boolean;
  /** Whether the request is meant for this server and not sent by another site's page. For every request, signed in or not. */
  admit(request: AccessRequest): AccessDecision;
  /** Whether the request is the owner's. */
  identify(request: AccessRequest): Promise<AccessDecision>;
  /** Both, for a connection that may change things: the browsers' Socket.IO handshake. */
  authorizeRequest(headers: IncomingHttpHeaders, address: string): Promise<AccessDecision>;
  signIn(
    key: string,
    request: AccessRequest,
  ): Promise<{ ok: true; token: string } | Extract<AccessDecision, { ok: false }>>;
  /** Ends the session of the request's cookie, wherever else that cookie may be. */
  signOut(request: AccessRequest): Promise<void>;
  /** Forgets the sessions whose time is over. */
  sweep(): Promise<void>;
}

export type AccessParts = Pick<Parts, 'config' | 'db' | 'clock' | 'random' | 'log' | 'owner'> & {
  ownerKeyHash: string;
};

/**
 * Who may do what on the HTTP API. On loopback the Host header must name this
 * machine, so that a hostile page cannot reach the farm by pointing a name of
 * its own at 127.0.0.1; on any other address the owner's key is demanded.
 */
export function createAccess(parts: AccessParts): Access {
  const { config } = parts;
  const required = !isLocalOnly(config);
  const sessions = createSessions(parts);
  const proveKey = keyCheck(parts);
  const unknownSessions = countAttempts(parts.clock);
  const admit = (request: AccessRequest): AccessDecision => {
    const host = request.headers.host ?? '';
    if (!required && !isLoopback(host.toLowerCase().replace(/:\d+$/, ''))) return WRONG_HOST;
    return isSafe(request.method) || isOwnOrigin(request.headers.origin, host, config)
      ? { ok: true }
      : FOREIGN;
  };
  const identify = async (request: AccessRequest): Promise<AccessDecision> => {
    if (!required) return { ok: true };
    const bearer = /^Bearer +(\S{1,200}) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return proveKey(bearer, request);
    const token = sessionOf(request);
    if (token === undefined) return SIGNED_OUT;
    if (await sessions.isOpen(token)) return { ok: true };
    const address = addressOf(request, config);
    if (unknownSessions.failed(peerOf(address)) <= MOST_ATTEMPTS)
      parts.log.info({ event: 'access.refused', code: 'unknown-session', address });
    return SIGNED_OUT;
  };
  return {
    required,
    admit,
    identify,
    async authorizeRequest(headers, address) {
      const request = { method: 'CONNECT', headers, address };
      const admitted = admit(request);
      return admitted.ok ? identify(request) : admitted;
    },
    async signIn(key, request) {
      const proof = proveKey(key, request);
      return proof.ok ? { ok: true, token: await sessions.open() } : proof;
    },
    async signOut(request) {
      const token = sessionOf(request);
      if (token !== undefined) await sessions.close(token);
    },
    sweep: sessions.sweep,
  };
}

/**
 * Compares a key with the owner's. After too many wrong keys from an address, all
 * its keys are refused for the rest of the minute, also the right one; other
 * addresses, and those signed in, do not notice.
 */
function keyCheck({
  config,
  ownerKeyHash,
  clock,
  log,
}: AccessParts): (key: string, request: AccessRequest) => AccessDecision {
  const attempts = countAttempts(clock);
  return (key, request) => {
    const address = addressOf(request, config);
    const peer = peerOf(address);
    if (attempts.exhausted(peer)) return TOO_MANY;
    if (sameSecret(sha256(key), ownerKeyHash)) return { ok: true };
    const attempt = attempts.failed(peer);
    log.warn({ event: 'access.refused', code: WRONG_KEY.code, address, attempt });
    if (attempt === MOST_ATTEMPTS) log.warn({ event: 'access.blocked', address });
    return WRONG_KEY;
  };
}

const addressOf = ({ headers, address }: AccessRequest, { trustedProxies }: ServerConfig): string =>
  clientAddress(address, headers['x-forwarded-for'], trustedProxies);

const sessionOf = ({ headers }: AccessRequest): string | undefined =>
  parse(headers.cookie ?? '', SESSION_COOKIE)[SESSION_COOKIE];

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
