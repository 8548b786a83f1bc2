import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import { isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import { parse } from 'hono/utils/cookie';
import type { Parts } from '../parts.ts';
import type { Identities } from './identities.ts';
import { createImpersonations, type Impersonations } from './impersonations.ts';
import { createKeys } from './keys.ts';
import { createPrincipals } from './principals.ts';
import {
  type AccessDecision,
  type AccessRequest,
  addressOf,
  type Identification,
  type Refusal,
} from './request.ts';
import { createSessions } from './sessions.ts';
import { createUnderWay, type UnderWay } from './under-way.ts';

export const SESSION_COOKIE = 'pilot_session';
/** Which of their teams somebody who signed in acts in: checked at each request, so it is no secret. */
export const TEAM_COOKIE = 'pilot_team';

export interface Access {
  /** How people sign in here; `local` has nobody do so. */
  readonly mode: 'local' | 'accounts' | 'clerk';
  /** Whether the request is meant for this server and not sent by another site's page. For every request, signed in or not. */
  admit(request: AccessRequest): AccessDecision;
  /** Who the request comes from, in which team. */
  identify(request: AccessRequest): Promise<Identification>;
  /** Both, for a connection that may change things: the browsers' Socket.IO handshake. */
  authorizeRequest(headers: IncomingHttpHeaders, address: string): Promise<Identification>;
  signIn(
    key: string,
    request: AccessRequest,
  ): Promise<{ ok: true; token: string; principal: Principal } | Refusal>;
  /** Ends the session of the request's cookie, wherever else that cookie may be. */
  signOut(request: AccessRequest): Promise<void>;
  /** Forgets the sessions whose time is over. */
  sweep(): Promise<void>;
  identities: Identities | null;
  /** What is being answered to those who were let in. */
  underWay: UnderWay;
  /** An admin acts as somebody else from now on, by a token beside their own session. */
  impersonate: Impersonations['begin'];
  endImpersonation(request: AccessRequest): Promise<void>;
}

export type AccessParts = Pick<Parts, 'config' | 'db' | 'clock' | 'random' | 'log' | 'first'> & {
  identities?: Identities | null | undefined;
};

/**
 * Who may come in. On loopback the Host header must name this machine, so that
 * a hostile page cannot reach the farm by pointing a name of its own at
 * 127.0.0.1, and whoever comes is the farm's first person; on any other address
 * a key or a session is demanded.
 */
export function createAccess(parts: AccessParts): Access {
  const { config } = parts;
  const identities = parts.identities ?? null;
  const local = isLocalOnly(config);
  const sessions = createSessions(parts);
  const keys = createKeys(parts);
  const principals = createPrincipals(parts);
  const impersonations = createImpersonations(parts, principals);
  const unknownSessions = countAttempts(parts.clock);
  const admit = (request: AccessRequest): AccessDecision => {
    const host = request.headers.host ?? '';
    if (local && !isLoopback(host.toLowerCase().replace(/:\d+$/, ''))) return WRONG_HOST;
    return isSafe(request.method) || isOwnOrigin(request.headers.origin, host, config)
      ? { ok: true }
      : FOREIGN;
  };
  const identify = async (request: AccessRequest): Promise<Identification> =>
    impersonations.seen(await identifyOwn(request), request, teamOf(request));
  const identifyOwn = async (request: AccessRequest): Promise<Identification> => {
    const team = teamOf(request);
    if (local) return principals.ofFirst(team);
    const bearer = /^Bearer +(\S{1,4096}) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined && !(identities !== null && isToken(bearer)))
      return keys.prove(bearer, addressOf(request, config));
    const token = bearer === undefined ? sessionOf(request) : undefined;
    const opened = token === undefined ? null : await sessions.find(token);
    if (opened !== null) return opened;
    const identity = (await identities?.identify(request)) ?? null;
    if (identity !== null) return 'ok' in identity ? identity : principals.ofIdentity(identity, team);
    const address = addressOf(request, config);
    if (token !== undefined && unknownSessions.failed(peerOf(address)) <= MOST_ATTEMPTS)
      parts.log.info({ event: 'access.refused', code: 'unknown-session', address });
    return SIGNED_OUT;
  };
  return {
    mode: local ? 'local' : (identities?.mode ?? 'accounts'),
    identities,
    impersonate: impersonations.begin,
    endImpersonation: async (request) => impersonations.end(await identifyOwn(request), request),
    admit,
    identify,
    async authorizeRequest(headers, address) {
      const request = { method: 'CONNECT', headers, address };
      const admitted = admit(request);
      return admitted.ok ? identify(request) : admitted;
    },
    async signIn(key, request) {
      const proof = await keys.prove(key, addressOf(request, config));
      if (!proof.ok || proof.principal.proof.type !== 'key') return proof.ok ? SIGNED_OUT : proof;
      return { ...proof, token: await sessions.open(proof.principal.proof.id) };
    },
    async signOut(request) {
      await impersonations.end(await identifyOwn(request), request);
      const token = sessionOf(request);
      if (token !== undefined) await sessions.close(token);
    },
    async sweep() {
      await sessions.sweep();
      await impersonations.sweep();
    },
    underWay: createUnderWay(identify, parts.log),
  };
}

/** Three parts with dots between: a token of a library, where a key of ours has none. */
const isToken = (bearer: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(bearer);

const teamOf = ({ headers }: AccessRequest): string | undefined =>
  parse(headers.cookie ?? '', TEAM_COOKIE)[TEAM_COOKIE];

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
const SIGNED_OUT = no(401, 'sign-in-required', 'Sign in, or send a key as a bearer token.');
