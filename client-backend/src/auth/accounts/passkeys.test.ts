import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from '../../../../tests/support/browser.ts';
import { startAccounts } from './accounts.fixture.ts';

const ADA = 'ada@farm.example';

test("a passkey of the browser's virtual authenticator is added, signs in, is renamed and removed", async (t) => {
  const { url, browser, join, databaseUrl: _ } = await startAccounts(t);
  const subject = await join(ADA);
  const chromium = await openBrowser();
  t.after(() => chromium.close());
  const page = await chromium.newPage();
  await page.goto(`${url}/who`);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const call = (method: string, path: string, body?: unknown) =>
    page.evaluate(
      async ([how, where, what]) => {
        const response = await fetch(`/api/auth${where}`, {
          method: how,
          ...(what === null ? {} : { body: what, headers: { 'content-type': 'application/json' } }),
        });
        return { status: response.status, body: await response.json() };
      },
      [method, path, body === undefined ? null : JSON.stringify(body)] as const,
    );
  const who = () => page.evaluate(async () => (await fetch('/who')).json());
  /** Asks the authenticator, as the site does. */
  const ask = (how: 'create' | 'get', options: unknown) =>
    page.evaluate(
      async ([kind, text]) => {
        const json = JSON.parse(text);
        const credential =
          kind === 'create'
            ? await navigator.credentials.create({
                publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json),
              })
            : await navigator.credentials.get({
                publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json),
              });
        return JSON.parse(JSON.stringify(credential)) as Record<string, unknown>;
      },
      [how, JSON.stringify(options)] as const,
    );

  assert.equal((await call('GET', '/passkey/generate-register-options')).status, 401);
  assert.equal(
    (await call('POST', '/sign-in/email', { email: ADA, password: 'correct horse battery' })).status,
    200,
  );
  const { body: creation } = await call('GET', '/passkey/generate-register-options');
  const added = await call('POST', '/passkey/verify-registration', {
    response: await ask('create', creation),
    name: 'My laptop',
  });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  const { body: ways } = await call('GET', '/ways');
  const [passkey] = ways.passkeys;
  assert.deepEqual([ways.passkeys.length, passkey.name], [1, 'My laptop']);

  await call('POST', '/sign-out', {});
  assert.equal(await who(), null);
  const begin = async () => (await call('GET', '/passkey/generate-authenticate-options')).body;
  const response = await ask('get', await begin());
  assert.deepEqual((await call('POST', '/passkey/verify-authentication', { response })).body, {
    signedIn: true,
    needs: null,
  });
  assert.equal((await who()).subject, subject);

  await call('POST', '/sign-out', {});
  const replayed = await call('POST', '/passkey/verify-authentication', { response });
  assert.deepEqual(
    [replayed.status, replayed.body.code],
    [400, 'passkey-too-late'],
    'an answer is good once',
  );
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  const locked = await ask('get', { ...(await begin()), userVerification: 'discouraged' });
  const refused = await call('POST', '/passkey/verify-authentication', { response: locked });
  assert.deepEqual([refused.status, refused.body.code], [401, 'wrong-passkey']);
  assert.match(refused.body.detail, /unlocked by fingerprint/);
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });

  // Somebody else can neither rename nor remove it.
  await join('bob@farm.example', 'Bob');
  const bobs = browser();
  await bobs.signIn('bob@farm.example');
  for (const [path, body] of [
    ['/passkey/delete-passkey', { id: passkey.id }],
    ['/passkey/update-passkey', { id: passkey.id, name: 'Mine' }],
  ] as const) {
    assert.equal((await bobs.post(path, body)).status, 401, path);
  }
  const again = await ask('get', await begin());
  assert.equal((await call('POST', '/passkey/verify-authentication', { response: again })).status, 200);
  assert.equal(
    (await call('POST', '/passkey/update-passkey', { id: passkey.id, name: 'Old laptop' })).status,
    200,
  );
  assert.equal((await call('GET', '/ways')).body.passkeys[0].name, 'Old laptop');
  assert.equal((await call('POST', '/passkey/delete-passkey', { id: passkey.id })).status, 200);
  await call('POST', '/sign-out', {});
  const gone = await call('POST', '/passkey/verify-authentication', {
    response: await ask('get', await begin()),
  });
  assert.deepEqual([gone.status, gone.body.code], [401, 'wrong-passkey']);
});
