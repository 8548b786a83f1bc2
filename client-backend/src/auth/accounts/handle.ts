import { setTimeout as pause } from 'node:timers/promises';
import { whyNotPassword } from '@parallel-pilot/shared/access/password-rules.ts';
import { peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import { parse, serialize } from 'hono/utils/cookie';
import { problemResponse, sentenceOf } from '../../http/problems.ts';
import type { Parts } from '../../parts.ts';
import type { Identity } from '../identities.ts';
import { type AccessRequest, addressOf } from '../request.ts';
import type { Attempt, createAttempts } from './attempts.ts';
import type { Turns } from './hashing-turns.ts';
import type { KnownDevices } from './known-devices.ts';
import { ADDRESS_HEADER, type Library } from './library.ts';
import { ACCOUNT_OPERATIONS, type AccountOperation, BASE_PATH } from './operations.ts';
import { subjectOf } from './records.ts';
import {
  ACCOUNT_GUESSED_AT,
  BUSY,
  FAILED,
  isWrongGuess,
  type Refusal,
  refusalOf,
  SIGN_IN_FIRST,
  TOO_MANY_FROM_HERE,
} from './refusals.ts';

/** What was done to an account, for the audit and for pages that are open. Nobody is known where it was refused. */
export type AccountEvent = { address: string } & (
  | { action: 'session.open'; subject: string; way: string }
  | { action: 'session.close' | 'account.change'; subject: string; operation: string }
  | { action: 'session.refused'; subject: null; code: string }
);

export type HandleParts = Pick<Parts, 'config' | 'log'> & {
  library: Library;
  identify(request: AccessRequest): Promise<Identity | null>;
  attempts: ReturnType<typeof createAttempts>;
  devices: KnownDevices;
  hashing: Turns;
  onEvent(event: AccountEvent): void;
};

type Fields = Record<string, unknown>;
type Call = {
  operation: AccountOperation;
  path: string;
  request: Request;
  from: AccessRequest;
  body: Fields;
  me: Identity | null;
};

/** Answers a request below /api/auth: none but the listed operations, each within its limits, in the farm's words. */
export function createHandle(
  parts: HandleParts,
): (request: Request, from: AccessRequest) => Promise<Response> {
  return async (request, from) => {
    const path = new URL(request.url).pathname.slice(BASE_PATH.length);
    const operation = ACCOUNT_OPERATIONS.find((one) => one.method === request.method && isAt(one.path, path));
    if (operation === undefined) {
      const detail = `The API has nothing at ${BASE_PATH}${path} for ${request.method}. See /api/docs.`;
      return problemResponse(404, 'not-found', detail);
    }
    const me = await parts.identify(from);
    if (operation.need !== 'open' && me === null) return refuse(SIGN_IN_FIRST);
    const body = await bodyOf(request, operation);
    if (body instanceof Response) return body;
    return answer(parts, { operation, path, request, from, body, me });
  };
}

function isAt(pattern: string, path: string): boolean {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  return (
    parts.length === wanted.length &&
    wanted.every((part, n) => part === parts[n] || (part === '{provider}' && /^\w+$/.test(parts[n] ?? '')))
  );
}

async function bodyOf(request: Request, { body: schema }: AccountOperation): Promise<Fields | Response> {
  if (schema === undefined) return {};
  const text = await request.text();
  const parsed = schema.safeParse(text === '' ? {} : fromJson(text));
  return parsed.success ? parsed.data : problemResponse(400, 'invalid-request', sentenceOf(parsed.error));
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function answer(parts: HandleParts, call: Call): Promise<Response> {
  const { operation, from, body, me } = call;
  if (operation.path === '/change-password' && me !== null) {
    const weak = whyNotPassword(String(body.newPassword), { email: me.email ?? '', name: me.name });
    if (weak !== null) return problemResponse(400, 'weak-password', weak);
  }
  const address = addressOf(from, parts.config);
  const peer = peerOf(address);
  const attempt = begin(parts, call, peer);
  if (!attempt.ok) {
    return refuse(attempt.why === 'address' ? TOO_MANY_FROM_HERE : ACCOUNT_GUESSED_AT, attempt.retrySeconds);
  }
  if (attempt.delayMs > 0) await pause(attempt.delayMs);
  const ask = () => parts.library.handler(toLibrary(parts, call, address));
  const hashes = operation.guesses === 'password' || operation.guesses === 'own-password';
  const response = hashes ? await parts.hashing.take(peer, ask) : await ask();
  if (response === undefined) {
    attempt.right();
    return refuse(BUSY, 2);
  }
  return fromLibrary(parts, call, response, attempt, address);
}

function begin(
  parts: HandleParts,
  { operation, from, body, me }: Call,
  peer: string,
): Extract<Attempt, { ok: true }> | Attempt {
  switch (operation.guesses) {
    case 'nothing':
      return { ok: true, delayMs: 0, right() {} };
    case 'password': {
      const email = String(body.email).toLowerCase();
      const cookie = parse(from.headers.cookie ?? '', DEVICE_COOKIE)[DEVICE_COOKIE];
      return parts.attempts.begin({ peer, account: email, device: parts.devices.read(cookie, email) });
    }
    // Whoever is signed in is counted by their session, wherever they are.
    case 'own-password':
      return parts.attempts.begin({ peer, account: null, device: me?.session ?? null });
    case 'code':
    case 'passkey':
      return parts.attempts.begin({ peer, account: null, device: null });
    default:
      return operation.guesses satisfies never;
  }
}

/** The request as the library gets it: the parsed body, the headers that it needs, and the address that the socket has. */
function toLibrary(
  { config }: HandleParts,
  { operation, path, request, from, body }: Call,
  address: string,
): Request {
  const headers = new Headers({ [ADDRESS_HEADER]: address });
  for (const name of ['cookie', 'origin', 'referer', 'user-agent', ...FETCH_METADATA]) {
    const value = from.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const url = `${originOf(config, from)}${BASE_PATH}${path}${new URL(request.url).search}`;
  if (operation.method === 'GET') return new Request(url, { headers });
  headers.set('content-type', 'application/json');
  const more = operation.path === '/change-password' ? { revokeOtherSessions: true } : {};
  return new Request(url, { method: 'POST', headers, body: JSON.stringify({ ...body, ...more }) });
}

const FETCH_METADATA = ['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'];

/** As the browser that asks calls this farm: by its public address, or by one of this machine's own. */
function originOf({ publicUrl }: HandleParts['config'], { headers }: AccessRequest): string {
  const host = headers.host ?? '';
  const known = publicUrl === null ? null : new URL(publicUrl);
  return known !== null && (host === '' || host === known.host) ? known.origin : `http://${host}`;
}

async function fromLibrary(
  parts: HandleParts,
  { operation, body, me }: Call,
  response: Response,
  attempt: Extract<Attempt, { ok: true }>,
  address: string,
): Promise<Response> {
  const to = response.headers.get('location');
  if (response.status === 302 && to !== null) {
    const headers = { location: to, 'cache-control': 'no-store' };
    return withCookies(new Response(null, { status: 302, headers }), response);
  }
  const said = fieldsOf(await response.text());
  if (!response.ok) {
    const refusal =
      response.status >= 500 && response.status !== 502 ? FAILED : refusalOf(response.status, said);
    if (!isWrongGuess(refusal)) attempt.right();
    else {
      parts.log.warn({ event: 'accounts.refused', code: refusal.code, address });
      parts.onEvent({ action: 'session.refused', subject: null, code: refusal.code, address });
    }
    return withCookies(refuse(refusal), response);
  }
  attempt.right();
  const user = said.user as { id?: unknown; email?: unknown } | undefined;
  const subject = typeof user?.id === 'string' ? subjectOf(user.id) : me?.subject;
  if (operation.event !== undefined && subject !== undefined && said.twoFactorRedirect !== true) {
    const { event, path } = operation;
    parts.onEvent(
      event.action === 'session.open'
        ? { ...event, subject, address }
        : { action: event.action, subject, operation: path, address },
    );
  }
  const reply = Response.json(operation.answer?.(said) ?? {}, { headers: { 'cache-control': 'no-store' } });
  const email =
    operation.guesses === 'password' ? body.email : operation.guesses === 'passkey' ? user?.email : null;
  if (typeof email === 'string') reply.headers.append('set-cookie', deviceCookie(parts, email));
  return withCookies(reply, response);
}

function fieldsOf(text: string): Fields {
  const body = fromJson(text);
  return typeof body === 'object' && body !== null ? (body as Fields) : {};
}

const DEVICE_COOKIE = 'pilot.device';

const deviceCookie = ({ config, devices }: HandleParts, email: string): string =>
  serialize(DEVICE_COOKIE, devices.make(email), {
    httpOnly: true,
    sameSite: 'Strict',
    path: BASE_PATH,
    maxAge: 365 * 24 * 60 * 60,
    secure: config.publicUrl?.startsWith('https:') ?? false,
  });

function refuse({ status, code, detail }: Refusal, retrySeconds?: number): Response {
  const response = problemResponse(status, code, detail);
  if (retrySeconds !== undefined) response.headers.set('retry-after', String(retrySeconds));
  return response;
}

function withCookies(reply: Response, of: Response): Response {
  for (const cookie of of.headers.getSetCookie()) reply.headers.append('set-cookie', cookie);
  return reply;
}
