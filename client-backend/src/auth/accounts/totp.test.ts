import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { TOTP, URI } from 'otpauth';
import { PASSWORD, startAccounts } from './accounts.fixture.ts';

const ADA = 'ada@farm.example';

/** A generator as in an authenticator app, from what its picture holds. */
function appOf(uri: unknown): TOTP {
  const app = URI.parse(String(uri));
  assert.ok(app instanceof TOTP);
  return app;
}

async function startWithCodes(t: TestContext, database: 'SQLite' | 'MariaDB' = 'SQLite') {
  const farm = await startAccounts(t, { database });
  const subject = await farm.join(ADA);
  const desk = farm.browser();
  await desk.signIn(ADA);
  const setup = (await desk.post('/two-factor/enable', { password: PASSWORD })).body;
  const app = appOf(setup.totpUri);
  assert.equal((await desk.post('/two-factor/verify-totp', { code: app.generate() })).status, 200);
  return { ...farm, subject, desk, app, backupCodes: setup.backupCodes as string[] };
}

const codeOf = (reply: { status: number; body: unknown }) =>
  reply.status === 200 ? 'in' : Problem.parse(reply.body).code;

for (const database of ['SQLite', 'MariaDB'] as const) {
  test(`on ${database} an account with an app is signed in to with password and code, or with a backup code once`, async (t) => {
    const { browser, subject, app, backupCodes, desk } = await startWithCodes(t, database);
    assert.equal(backupCodes.length, 10);
    assert.match(app.issuer, /Parallel Pilot/);
    const phone = browser();
    const asked = await phone.signIn(ADA);
    assert.deepEqual([asked.status, asked.body], [200, { signedIn: false, needs: 'totp' }]);
    assert.equal(await phone.who(), null, 'the password alone opens nothing');
    assert.equal(codeOf(await phone.post('/two-factor/verify-totp', { code: '000000' })), 'wrong-code');
    const code = app.generate();
    assert.equal(
      codeOf(await phone.post('/two-factor/verify-totp', { code: `${code.slice(0, 3)} ${code.slice(3)}` })),
      'in',
    );
    assert.equal((await phone.who())?.subject, subject);

    const tablet = browser();
    const [first = ''] = backupCodes;
    await tablet.signIn(ADA);
    assert.equal(codeOf(await tablet.post('/two-factor/verify-backup-code', { code: first })), 'in');
    const again = browser();
    await again.signIn(ADA);
    assert.equal(codeOf(await again.post('/two-factor/verify-backup-code', { code: first })), 'wrong-code');

    const fresh = await desk.post('/two-factor/generate-backup-codes', { password: PASSWORD });
    assert.equal((fresh.body.backupCodes as string[]).length, 10);
    const old = backupCodes[1] ?? '';
    assert.equal(codeOf(await again.post('/two-factor/verify-backup-code', { code: old })), 'wrong-code');
  });
}

test('a code five minutes off is refused with a word on the time, and a code without a password is nothing', async (t) => {
  const { browser, app } = await startWithCodes(t);
  const phone = browser();
  assert.equal(
    codeOf(await phone.post('/two-factor/verify-totp', { code: app.generate() })),
    'sign-in-again',
  );
  await phone.signIn(ADA);
  const late = app.generate({ timestamp: Date.now() - 300_000 });
  const refused = await phone.post('/two-factor/verify-totp', { code: late });
  assert.match(Problem.parse(refused.body).detail, /right time on your device/);
  assert.equal(await phone.who(), null);
});

test('codes cannot be tried out: five for a sign-in, and ten in a row close them for a while', async (t) => {
  const { browser, app, accounts, subject } = await startWithCodes(t);
  const said: string[] = [];
  for (let n = 0; n < 3; n++) {
    const eve = browser(`192.0.2.${n}`);
    await eve.signIn(ADA);
    for (let guess = 0; guess < 6; guess++) {
      const wrong = String((Number(app.generate()) + 1 + guess) % 1_000_000).padStart(6, '0');
      said.push(codeOf(await eve.post('/two-factor/verify-totp', { code: wrong })));
    }
  }
  assert.equal(said.filter((code) => code === 'wrong-code').length, 10, said.join(' '));
  const owner = browser('203.0.113.1');
  await owner.signIn(ADA);
  assert.equal(codeOf(await owner.post('/two-factor/verify-totp', { code: app.generate() })), 'codes-locked');
  // An admin can help somebody who lost their devices.
  await accounts.records.removeSecondFactors(subject);
  assert.deepEqual((await owner.signIn(ADA)).body, { signedIn: true, needs: null });
});

test('codes are turned on by a first right one alone, and off with the password; a link does not go around them', async (t) => {
  const { browser, join, accounts } = await startAccounts(t);
  const subject = await join(ADA);
  const desk = browser();
  await desk.signIn(ADA);
  assert.equal(
    codeOf(await desk.post('/two-factor/enable', { password: 'not the password' })),
    'wrong-own-password',
  );
  const setup = (await desk.post('/two-factor/enable', { password: PASSWORD })).body;
  assert.deepEqual(
    (await browser().signIn(ADA)).body,
    { signedIn: true, needs: null },
    'not before a first code',
  );
  const app = appOf(setup.totpUri);
  await desk.post('/two-factor/verify-totp', { code: app.generate() });
  assert.equal(((await desk.get('/ways')).body as { totp: boolean }).totp, true);
  const from = { method: 'POST', headers: {}, address: '192.0.2.1' };
  assert.equal(await accounts.openSession(subject, from), null);
  assert.equal(codeOf(await desk.post('/two-factor/enable', { password: PASSWORD })), 'totp-on');

  assert.equal(
    codeOf(await desk.post('/two-factor/disable', { password: 'not the password' })),
    'wrong-own-password',
  );
  assert.equal(codeOf(await desk.post('/two-factor/disable', { password: PASSWORD })), 'in');
  assert.notEqual(await desk.who(), null);
  assert.deepEqual((await browser().signIn(ADA)).body, { signedIn: true, needs: null });
});

test('a browser that is trusted is not asked again; removing the app forgets it', async (t) => {
  const { browser, app, accounts, subject } = await startWithCodes(t);
  const phone = browser();
  await phone.signIn(ADA);
  await phone.post('/two-factor/verify-totp', { code: app.generate(), trustDevice: true });
  await phone.post('/sign-out');
  assert.deepEqual((await phone.signIn(ADA)).body, { signedIn: true, needs: null });
  assert.deepEqual((await browser().signIn(ADA)).body, { signedIn: false, needs: 'totp' });
  await accounts.records.removeSecondFactors(subject);
  assert.equal(await phone.who(), null);
});
