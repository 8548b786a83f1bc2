import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { before, test } from 'node:test';
import { type ClerkConfig, readClerkConfig } from '@parallel-pilot/shared/server/clerk-config.ts';
import { SignJWT } from 'jose';
import type { Identities, Identity } from '../identities.ts';
import type { Refusal } from '../request.ts';
import { openClerk } from './open-clerk.ts';

const HOST = 'farm.clerk.accounts.dev';
const ORIGIN = 'https://farm.example';
const publishableKey = `pk_test_${Buffer.from(`${HOST}$`).toString('base64')}`;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** A session token as Clerk makes them, with these claims in place of the usual ones. */
async function tokenWith(claims: Record<string, unknown> = {}, key: KeyObject = privateKey): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const usual = { iss: `https://${HOST}`, azp: ORIGIN, sub: 'user_1', sid: 'sess_1', sts: 'active', v: 2 };
  const times = { iat: now, nbf: now - 5, exp: now + 60 };
  const all = Object.fromEntries(
    Object.entries({ ...usual, ...times, ...claims }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'ins_1', typ: 'JWT' }).sign(key);
}

const config = (more: Record<string, string> = {}): ClerkConfig => {
  const read = readClerkConfig({
    PILOT_CLERK_PUBLISHABLE_KEY: publishableKey,
    PILOT_CLERK_JWT_KEY: pem,
    ...more,
  });
  assert.ok(read);
  return read;
};

let clerk: Identities;
before(async () => {
  clerk = await openClerk({ clerk: config(), publicUrl: `${ORIGIN}/` });
});

const identify = (token: string, by = clerk) =>
  by.identify({ method: 'GET', headers: { authorization: `Bearer ${token}` }, address: '::1' });

async function identified(token: string): Promise<Identity> {
  const identity = await identify(token);
  assert.ok(identity !== null && !('ok' in identity), JSON.stringify(identity));
  return identity;
}
async function refused(token: string, by = clerk): Promise<Refusal> {
  const refusal = await identify(token, by);
  assert.ok(refusal !== null && 'ok' in refusal, `it was let in: ${JSON.stringify(refusal)}`);
  return refusal;
}

test('a token of the application says who it is, by header and by cookie, without the network', async () => {
  const token = await tokenWith({ name: 'Ana', email: 'ana@studio.example', email_verified: true });
  const ana = await identified(token);
  assert.deepEqual(ana, {
    subject: 'clerk:user_1',
    name: 'Ana',
    email: 'ana@studio.example',
    emailVerified: true,
    session: 'sess_1',
    teams: { source: 'clerk', all: false, teams: [] },
  });
  const headers = { cookie: `other=1; __session=${token}` };
  assert.deepEqual(await clerk.identify({ method: 'GET', headers, address: '::1' }), ana);
  assert.equal(await clerk.identify({ method: 'GET', headers: {}, address: '::1' }), null);
});

test('the chosen organisation is a team, in both versions of the claims', async () => {
  const second = await identified(await tokenWith({ o: { id: 'org_1', slg: 'aurora', rol: 'admin' } }));
  const first = await identified(
    await tokenWith({ v: undefined, org_id: 'org_1', org_slug: 'aurora', org_role: 'org:admin' }),
  );
  const aurora = [{ subject: 'clerk:org_1', name: 'aurora', role: 'owner' }];
  assert.deepEqual(second.teams?.teams, aurora);
  assert.deepEqual(first.teams?.teams, aurora);
  const other = await identified(await tokenWith({ o: { id: 'org_1', rol: 'constructor' } }));
  assert.deepEqual(other.teams?.teams, [{ subject: 'clerk:org_1', name: 'org_1', role: 'viewer' }]);
});

test('a token that has expired, is of another application, is pending or not signed by Clerk opens nothing and says why', async () => {
  const now = Math.floor(Date.now() / 1_000);
  const over = await refused(await tokenWith({ iat: now - 120, nbf: now - 120, exp: now - 60 }));
  assert.equal(over.code, 'clerk-expired');
  assert.match(over.message, /has run out/);
  for (const claims of [
    { azp: 'https://other.example' },
    { azp: undefined },
    { iss: 'https://other.clerk.accounts.dev' },
  ]) {
    const other = await refused(await tokenWith(claims));
    assert.equal(other.code, 'clerk-other-app', JSON.stringify(claims));
    assert.match(other.message, /of another application/);
  }
  const pending = await refused(await tokenWith({ sts: 'pending' }));
  assert.equal(pending.code, 'clerk-pending');
  assert.match(pending.message, /is not finished/);
  const early = await refused(await tokenWith({ iat: now + 300, nbf: now + 300, exp: now + 360 }));
  assert.equal(early.code, 'clerk-clock-off');
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  assert.equal((await refused(await tokenWith({}, stranger))).code, 'clerk-not-proved');
  assert.equal((await refused('a.b.c')).code, 'clerk-not-proved');
  assert.equal((await refused(await tokenWith({ sid: undefined }))).code, 'clerk-not-understood');
});

test('where an organisation is asked for, a token without one is refused with a sentence', async () => {
  const strict = await openClerk({
    clerk: config({ PILOT_CLERK_ORGANIZATION: 'required' }),
    publicUrl: ORIGIN,
  });
  const refusal = await refused(await tokenWith(), strict);
  assert.equal(refusal.code, 'clerk-no-organization');
  assert.match(refusal.message, /chosen no organisation/);
});

test('the settings of Clerk are taken together or refused, and ends of lines may be written out', () => {
  assert.equal(readClerkConfig({}), null);
  assert.equal(config({ PILOT_CLERK_JWT_KEY: pem.replaceAll('\n', '\\n') }).jwtKey, pem);
  assert.equal(config().host, HOST);
  assert.throws(() => readClerkConfig({ PILOT_CLERK_JWT_KEY: pem }), /PILOT_CLERK_PUBLISHABLE_KEY/);
  assert.throws(
    () => readClerkConfig({ PILOT_CLERK_PUBLISHABLE_KEY: publishableKey }),
    /not PILOT_CLERK_JWT_KEY/,
  );
  assert.throws(() => config({ PILOT_CLERK_PUBLISHABLE_KEY: 'pk_test_evil' }), /no key of Clerk/);
});
