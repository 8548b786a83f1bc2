import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { PASSWORD, startAccounts } from './accounts.fixture.ts';

const ADA = 'ada@farm.example';

for (const database of ['SQLite', 'MariaDB'] as const) {
  test(`on ${database} an account signs in, is known, sees its sessions, ends one, and all`, async (t) => {
    const { accounts, browser, join, events } = await startAccounts(t, { database });
    const subject = await join(ADA);
    const [desk, phone, stranger] = [browser('198.51.100.1'), browser('203.0.113.9'), browser()];
    assert.equal(await desk.who(), null);
    const signedIn = await desk.signIn('Ada@Farm.example');
    assert.deepEqual([signedIn.status, signedIn.body], [200, { signedIn: true, needs: null }]);
    const cookie = signedIn.headers.getSetCookie().find((one) => one.startsWith('pilot.session_token'));
    assert.match(cookie ?? '', /HttpOnly/i);
    assert.match(cookie ?? '', /SameSite=Lax/i);
    const { session, ...who } = (await desk.who()) ?? {};
    assert.deepEqual(who, { subject, name: 'Ada Lovelace', email: ADA, emailVerified: true });
    assert.equal((await phone.signIn(ADA)).status, 200);
    assert.equal(await stranger.who(), null);

    const { sessions } = (await desk.get('/sessions')).body as {
      sessions: { id: string; current: boolean; address: string; createdAt: number }[];
    };
    assert.deepEqual(sessions.map((one) => one.current).toSorted(), [false, true]);
    assert.equal(sessions.find((one) => one.current)?.id, session);
    assert.deepEqual(sessions.map((one) => one.address).toSorted(), ['198.51.100.1', '203.0.113.9']);
    assert.ok(sessions.every((one) => Math.abs(one.createdAt - Date.now()) < 600_000));
    assert.ok(!JSON.stringify(sessions).includes('token'));

    const others = sessions.find((one) => !one.current);
    assert.equal((await stranger.post('/sessions/end', { id: others?.id })).status, 401);
    assert.equal((await desk.post('/sessions/end', { id: 'nobody' })).status, 404);
    assert.equal((await desk.post('/sessions/end', { id: others?.id })).status, 200);
    assert.equal(await phone.who(), null);
    await phone.signIn(ADA);
    assert.equal((await desk.post('/sessions/end-others')).status, 200);
    assert.deepEqual([await phone.who(), (await desk.who())?.subject], [null, subject]);

    const stolen = new Map(desk.cookies);
    assert.equal((await desk.post('/sign-out')).status, 200);
    for (const [name, value] of stolen) desk.cookies.set(name, value);
    assert.equal(await desk.who(), null, 'signing out ends the session on the server');
    await phone.signIn(ADA);
    await accounts.records.endSessions(subject);
    assert.equal(await phone.who(), null);
    assert.deepEqual([...new Set(events.map((event) => event.action))], ['session.open', 'session.close']);
    assert.ok(events.every((event) => event.subject === subject));
  });

  test(`on ${database} a password is changed, set by a link, and an account renamed, moved and removed`, async (t) => {
    const { accounts, browser, join, databaseUrl } = await startAccounts(t, { database });
    const { records } = accounts;
    const subject = await join(ADA);
    const taken = await records.create({
      email: ' ADA@farm.example',
      name: 'Eve',
      password: PASSWORD,
      emailVerified: true,
    });
    assert.equal(taken.ok ? '' : taken.code, 'email-taken');
    const [desk, phone] = [browser(), browser()];
    await desk.signIn(ADA);
    await phone.signIn(ADA);
    const change = (currentPassword: string, newPassword: string) =>
      desk.post('/change-password', { currentPassword, newPassword });
    const wrong = await change('not the password', 'another password');
    assert.deepEqual([wrong.status, Problem.parse(wrong.body).code], [400, 'wrong-own-password']);
    assert.match(Problem.parse((await change(PASSWORD, 'short')).body).detail, /needs 10 or more/);
    assert.equal((await change(PASSWORD, 'another password')).status, 200);
    assert.deepEqual([await phone.who(), (await desk.who())?.subject], [null, subject]);
    assert.equal((await phone.signIn(ADA)).status, 401);
    assert.equal((await phone.signIn(ADA, 'another password')).status, 200);

    assert.deepEqual(await records.setPassword(subject, 'a third password'), { ok: true });
    assert.deepEqual([await phone.who(), await desk.who()], [null, null], 'a new password ends all sessions');
    assert.equal((await records.setPassword(subject, ADA)).ok, false);
    assert.equal((await records.setPassword('auth:nobody', 'a third password')).ok, false);
    assert.equal((await desk.signIn(ADA, 'a third password')).status, 200);

    await join('bob@farm.example', 'Bob');
    assert.equal((await records.changeEmail(subject, 'bob@farm.example', true)).ok, false);
    assert.deepEqual(await records.changeEmail(subject, 'Ada@Home.example', false), { ok: true });
    await records.rename(subject, 'Ada King');
    const { session: _, ...who } = (await desk.who()) ?? {};
    assert.deepEqual(who, { subject, name: 'Ada King', email: 'ada@home.example', emailVerified: false });
    assert.equal((await records.findByEmail('ADA@home.example'))?.subject, subject);

    const cookies = await accounts.openSession(subject, {
      method: 'POST',
      headers: {},
      address: '192.0.2.1',
    });
    assert.ok(cookies?.some((cookie) => cookie.startsWith('pilot.session_token=')));
    await records.sweep(new Date(Date.now() + 40 * 24 * 60 * 60_000));
    assert.equal(await desk.who(), null);
    await desk.signIn('ada@home.example', 'a third password');
    await records.remove(subject);
    assert.deepEqual([await desk.who(), await records.find(subject)], [null, null]);
    const db = connectDatabase(databaseUrl);
    t.after(() => db.destroy());
    for (const table of ['auth_sessions', 'auth_accounts'] as const) {
      const rows = await db
        .selectFrom(table as 'sessions')
        .selectAll()
        .execute();
      assert.ok(!JSON.stringify(rows).includes(subject.slice(5)), table);
      assert.ok(!JSON.stringify(rows).includes('a third password'), table);
    }
  });
}

test('only the listed operations exist: all others of the library are problem documents', async (t) => {
  const { browser, join } = await startAccounts(t);
  await join(ADA);
  const desk = browser();
  await desk.signIn(ADA);
  const absent = [
    ['POST', '/sign-up/email'],
    ['POST', '/update-user'],
    ['POST', '/change-email'],
    ['POST', '/delete-user'],
    ['POST', '/reset-password'],
    ['POST', '/request-password-reset'],
    ['GET', '/list-sessions'],
    ['GET', '/get-session'],
    ['POST', '/two-factor/get-totp-uri'],
    ['POST', '/two-factor/send-otp'],
    ['POST', '/sign-in/social'],
    ['GET', '/ok'],
    ['GET', '/error'],
    ['GET', '/sign-in/email'],
    ['POST', '/sign-in/email/'],
    ['POST', '//sign-in/email'],
    ['POST', '/ways/../sign-up/email'],
    ['PUT', '/sign-out'],
  ] as const;
  for (const [method, path] of absent) {
    const body =
      method === 'GET' ? undefined : { email: 'eve@farm.example', password: PASSWORD, name: 'Eve' };
    const reply = await desk.send(method, `/api/auth${path}`, body);
    assert.deepEqual([reply.status, Problem.parse(reply.body).code], [404, 'not-found'], path);
  }
  const extra = await desk.post('/sign-in/email', { email: ADA, password: PASSWORD, callbackURL: '/x' });
  assert.deepEqual([extra.status, Problem.parse(extra.body).code], [400, 'invalid-request']);
  for (const bad of [[], null, 'x', { email: 1 }, { email: ADA }, { email: 'no address', password: 'x' }]) {
    const reply = await desk.post('/sign-in/email', bad);
    assert.deepEqual([reply.status, Problem.parse(reply.body).code], [400, 'invalid-request'], String(bad));
  }
});

test('a page of another site can neither sign in nor change anything', async (t) => {
  const { browser, join } = await startAccounts(t);
  await join(ADA);
  const desk = browser();
  const evil = { origin: 'http://evil.example' };
  const body = { email: ADA, password: PASSWORD };
  for (const headers of [evil, { ...evil, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }]) {
    const reply = await desk.post('/sign-in/email', body, headers);
    assert.deepEqual([reply.status, Problem.parse(reply.body).code], [403, 'foreign-origin']);
  }
  await desk.signIn(ADA);
  for (const path of ['/sign-out', '/sessions/end-others']) {
    assert.equal((await desk.post(path, {}, evil)).status, 403, path);
  }
  assert.notEqual(await desk.who(), null);
});
