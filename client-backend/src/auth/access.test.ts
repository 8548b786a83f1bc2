import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { Session } from '@parallel-pilot/shared/api/farm.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { parseAddresses } from '@parallel-pilot/shared/server/peer-address.ts';
import { z } from 'zod';
import { OWNER_KEY, startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';

test('on loopback the owner needs no key, but the Host must be this machine and the page its own', async (t) => {
  const { url } = await start(t);
  const { port } = new URL(url);
  assert.equal((await send(url, '/api/v1/workers')).status, 200);
  for (const host of [
    `localhost:${port}`,
    `127.0.0.1:${port}`,
    `127.9.9.9:${port}`,
    '[::1]:80',
    'LOCALHOST',
  ]) {
    assert.equal((await send(url, '/api/v1/workers', { host })).status, 200, host);
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ]) {
    const refused = await send(url, '/', { host });
    assert.deepEqual([refused.status, refused.problem?.code], [403, 'wrong-host'], host);
  }
  const own = { origin: url, host: new URL(url).host };
  assert.equal((await send(url, '/api/v1/session', own, 'DELETE')).status, 200);
  for (const origin of ['http://evil.example', 'null', `http://localhost:${Number(port) + 1}`]) {
    const refused = await send(url, '/api/v1/session', { origin }, 'DELETE');
    assert.deepEqual([refused.status, refused.problem?.code], [403, 'foreign-origin'], origin);
  }
});

test("any other address demands the owner's key, which the site keeps as a cookie", async (t) => {
  let now = 1_000_000;
  const { url, parts } = await start(t, { host: '0.0.0.0', clock: () => now });
  const refused = await send(url, '/api/v1/workers');
  assert.deepEqual([refused.status, refused.problem?.code], [401, 'sign-in-required']);
  assert.match(String(refused.headers['www-authenticate']), /^Bearer/);
  for (const open of ['/healthz', '/api/v1/session']) assert.equal((await send(url, open)).status, 200, open);

  const bearer = (key: string) => send(url, '/api/v1/workers', { authorization: `Bearer ${key}` });
  assert.equal((await bearer(OWNER_KEY)).status, 200);
  for (const key of [parts.secrets.workerToken, parts.secrets.controlToken]) {
    assert.equal((await bearer(key)).problem?.code, 'wrong-key');
  }

  const wrong = await signIn(url, 'not the key');
  assert.deepEqual([wrong.status, Problem.parse(await wrong.json()).code], [401, 'wrong-key']);
  const signedIn = await signIn(url, OWNER_KEY);
  const session = Session.parse(await signedIn.json());
  assert.deepEqual(
    [session.mode, session.person?.id, session.team?.id],
    ['accounts', parts.first.person, parts.first.team],
  );
  const setCookie = signedIn.headers.get('set-cookie') ?? '';
  assert.match(setCookie, /HttpOnly/);
  assert.match(setCookie, /SameSite=Strict/);
  assert.ok(!setCookie.includes(OWNER_KEY));
  const cookie = setCookie.split(';')[0] ?? '';
  assert.equal((await send(url, '/api/v1/workers', { cookie })).status, 200);
  const forged = `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`;
  assert.equal((await send(url, '/api/v1/workers', { cookie: forged })).status, 401);
  now += 31 * 24 * 3_600_000;
  assert.equal((await send(url, '/api/v1/workers', { cookie })).status, 401);
});

test('after ten wrong keys an address is not listened to for the minute, the right key included', async (t) => {
  let now = 1_000_000;
  const trustedProxies = parseAddresses('127.0.0.1');
  const { url } = await start(t, { host: '0.0.0.0', clock: () => now, trustedProxies });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const attacker = from('203.0.113.9');
  const cookie = (await signIn(url, OWNER_KEY, attacker)).headers.get('set-cookie')?.split(';')[0] ?? '';
  for (let i = 0; i < 10; i += 1) assert.equal((await signIn(url, `guess ${i}`, attacker)).status, 401);
  const late = await signIn(url, OWNER_KEY, attacker);
  const problem = Problem.parse(await late.json());
  assert.deepEqual([late.status, problem.code], [429, 'too-many-attempts']);
  assert.equal(late.headers.get('set-cookie'), null);
  const bearer = { ...attacker, authorization: `Bearer ${OWNER_KEY}` };
  assert.equal((await send(url, '/api/v1/workers', bearer)).status, 429);
  // Who is signed in there already, or comes from elsewhere, does not notice.
  assert.equal((await send(url, '/api/v1/workers', { ...attacker, cookie })).status, 200);
  assert.equal((await signIn(url, OWNER_KEY, from('203.0.113.10'))).status, 200);
  // What the attacker writes before the proxy's word counts for nothing.
  assert.equal((await signIn(url, OWNER_KEY, from('198.51.100.7, 203.0.113.9'))).status, 429);
  now += 60_001;
  assert.equal((await signIn(url, OWNER_KEY, attacker)).status, 200);
});

test('every error is a problem document, and the answers carry their guards', async (t) => {
  const { url } = await start(t);
  const missing = await send(url, '/api/v1/nothing');
  assert.deepEqual([missing.status, missing.problem?.code], [404, 'not-found']);
  assert.equal(missing.headers['content-type'], 'application/problem+json');
  assert.match(String(missing.headers['content-security-policy']), /frame-ancestors 'none'/);
  assert.equal(missing.headers['x-content-type-options'], 'nosniff');
  const headers = { 'content-type': 'application/json' };
  const malformed = await fetch(`${url}/api/v1/session`, { method: 'POST', headers, body: '{' });
  assert.match(Problem.parse(await malformed.json()).detail, /not valid JSON/);
  const invalid = await fetch(`${url}/api/v1/session`, { method: 'POST', headers, body: '{"key":1}' });
  assert.match(Problem.parse(await invalid.json()).detail, /^The request is not valid\. key: /);
  const document = OpenApi.parse(await (await fetch(`${url}/api/v1/openapi.json`)).json());
  assert.ok(document.paths['/api/v1/uploads/{id}']?.patch && document.paths['/api/v1/workers']?.get);
  assert.match(await (await fetch(`${url}/api/docs`)).text(), /swagger-ui-bundle\.js/);
  assert.equal((await fetch(`${url}/api/docs/swagger-ui-bundle.js`)).status, 200);
});

const OpenApi = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

const signIn = (url: string, key: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ key }),
  });

// Not fetch: it does not let the Host header be set.
async function send(url: string, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(new URL(path, url), { method, headers }, resolve).on('error', reject).end();
  const response = await promise;
  const body = Buffer.concat(await response.toArray()).toString();
  const problem =
    response.statusCode !== undefined && response.statusCode >= 400 ? Problem.parse(JSON.parse(body)) : null;
  return { status: response.statusCode, headers: response.headers, problem };
}

async function start(
  t: { after(end: () => Promise<void>): void },
  given: Partial<Parameters<typeof startTestBackend>[0]> = {},
): Promise<TestBackend> {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, ...given });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  return backend;
}
