import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type SignInProblem, sayProblem } from '@parallel-pilot/shared/access/sign-in-problems.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { readSignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import { temporaryFolder } from '../../../app.fixture.ts';
import { type Browser, PASSWORD, startAccounts } from '../accounts.fixture.ts';
import { CLIENT, freePort, SECRET, signInAtIssuer, startIssuer } from './start-issuer.fixture.ts';

const PEOPLE = {
  ada: {
    email: 'Ada@farm.example',
    email_verified: true,
    name: 'Ada Lovelace',
    groups: ['staff', 'students', 'others'],
  },
  bob: { email: 'bob@farm.example', email_verified: true, name: 'Bob', groups: [] },
  eve: { email: 'ada@farm.example', email_verified: false, name: 'Eve' },
  nobody: { name: 'Nobody' },
};

type Given = { env?: Record<string, string>; skewMs?: number; issuerSkewMs?: number; invited?: string[] };

async function start(t: TestContext, { env = {}, skewMs = 0, issuerSkewMs = 0, invited = [] }: Given = {}) {
  const port = await freePort();
  const farm = await startAccounts(t, {
    clock: () => Date.now() + skewMs,
    isInvited: async (email) => invited.includes(email),
    env: {
      PILOT_OIDC_ISSUER: `http://localhost:${port}`,
      PILOT_OIDC_NAME: 'The lab',
      PILOT_OIDC_CLIENT_ID: CLIENT,
      PILOT_OIDC_CLIENT_SECRET: SECRET,
      PILOT_OIDC_FIRST_SIGN_IN: 'create',
      ...env,
    },
  });
  const issuer = await startIssuer(port, farm.url, PEOPLE, issuerSkewMs);
  t.after(issuer.stop);
  return { ...farm, issuer };
}

/** The whole way: to the issuer, through its pages, and back. Says where the browser is then. */
async function through(browser: Browser, login: string): Promise<string> {
  const begun = await browser.post('/sign-in/oidc', { provider: 'oidc', returnTo: '/jobs?page=2' });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const back = new URL(await signInAtIssuer(String(begun.body.url), login));
  const reply = await browser.send('GET', back.pathname + back.search);
  assert.equal(reply.status, 302, JSON.stringify(reply.body));
  return reply.headers.get('location') ?? '';
}

const problem = (code: SignInProblem) => `/?problem=${code}&by=The+lab`;

test('a first sign-in by an issuer makes an account, a second one is the same, with teams by its groups', async (t) => {
  const { browser, accounts, events } = await start(t, {
    env: {
      PILOT_OIDC_GROUPS_CLAIM: 'groups',
      PILOT_OIDC_GROUPS: 'staff=Studio:manager, students=Studio:viewer, students=Lab:member',
    },
  });
  assert.deepEqual(accounts.ways.oidc, [{ id: 'oidc', name: 'The lab' }]);
  const [desk, phone, bobs] = [browser(), browser(), browser()];
  const begun = await desk.post('/sign-in/oidc', { provider: 'oidc' });
  const { searchParams: asked } = new URL(String(begun.body.url));
  assert.equal(asked.get('code_challenge_method'), 'S256');
  for (const name of ['code_challenge', 'state', 'nonce'])
    assert.ok((asked.get(name) ?? '').length >= 40, name);

  assert.equal(await through(desk, 'ada'), '/jobs?page=2');
  const { session: first, ...who } = (await desk.who()) ?? {};
  const subject = (await accounts.records.findByEmail('ada@farm.example'))?.subject;
  assert.deepEqual(who, {
    subject,
    name: 'Ada Lovelace',
    email: 'ada@farm.example',
    emailVerified: true,
    teams: {
      source: 'group',
      all: true,
      teams: [
        { subject: 'group:Studio', name: 'Studio', role: 'manager' },
        { subject: 'group:Lab', name: 'Lab', role: 'member' },
      ],
    },
  });
  await through(phone, 'ada');
  const again = await phone.who();
  assert.deepEqual([again?.subject, again?.session === first], [subject, false]);
  await through(bobs, 'bob');
  assert.deepEqual((await bobs.who())?.teams, { source: 'group', all: true, teams: [] });
  assert.deepEqual((await desk.get('/ways')).body, {
    email: 'ada@farm.example',
    emailVerified: true,
    password: false,
    totp: false,
    passkeys: [],
    providers: ['oidc'],
  });
  assert.ok(
    events.some(
      (event) => event.action === 'session.open' && event.subject === subject && event.way === 'oidc',
    ),
  );
});

test('an account is linked only where both sides have verified the e-mail, and asks for no code', async (t) => {
  const { browser, accounts, join } = await start(t);
  const { records } = accounts;
  const subject = await join('ada@farm.example');
  const eve = browser();
  assert.equal(await through(eve, 'eve'), problem('unverified-email'));
  assert.equal(await eve.who(), null);
  await records.changeEmail(subject, 'ada@farm.example', false);
  assert.equal(await through(browser(), 'ada'), problem('unverified-here'));
  await records.changeEmail(subject, 'ada@farm.example', true);
  const ada = browser();
  assert.equal(await through(ada, 'ada'), '/jobs?page=2');
  assert.equal((await ada.who())?.subject, subject);
  assert.equal((await browser().signIn('ada@farm.example', PASSWORD)).status, 200);
  // Linked now: what the e-mail is on either side no longer matters.
  await records.changeEmail(subject, 'ada@home.example', false);
  assert.equal(await through(ada, 'ada'), '/jobs?page=2');
  assert.equal((await ada.who())?.subject, subject);
  assert.equal(await through(browser(), 'nobody'), problem('no-email'));
});

test('a first sign-in is for who was invited, or for nobody, as the admin set it', async (t) => {
  const closed = await start(t, {
    env: { PILOT_OIDC_FIRST_SIGN_IN: 'refuse' },
    invited: ['ada@farm.example'],
  });
  assert.equal(await through(closed.browser(), 'ada'), problem('not-open'));
  const invited = await start(t, { env: { PILOT_OIDC_FIRST_SIGN_IN: '' }, invited: ['ada@farm.example'] });
  assert.equal(await through(invited.browser(), 'bob'), problem('not-invited'));
  assert.equal(await through(invited.browser(), 'ada'), '/jobs?page=2');
});

test('an issuer that is down is named, before and after its own pages, and its return is noticed', async (t) => {
  const { browser, issuer } = await start(t);
  const ada = browser();
  const begun = await ada.post('/sign-in/oidc', { provider: 'oidc' });
  const back = new URL(await signInAtIssuer(String(begun.body.url), 'ada'));
  await issuer.stop();
  const reply = await ada.send('GET', back.pathname + back.search);
  assert.equal(reply.headers.get('location'), problem('issuer-down'));

  const down = await startAccounts(t, {
    env: { PILOT_OIDC_ISSUER: issuer.url, PILOT_OIDC_NAME: 'The lab', PILOT_OIDC_CLIENT_ID: CLIENT },
  });
  const refused = await down.browser().post('/sign-in/oidc', { provider: 'oidc' });
  const { status, code, detail } = Problem.parse(refused.body);
  assert.deepEqual([status, code, detail], [502, 'issuer-down', sayProblem('issuer-down', 'The lab')]);
  await down.join('ada@farm.example');
  assert.equal(
    (await down.browser().signIn('ada@farm.example')).status,
    200,
    'passwords do without the issuer',
  );
  const again = await startIssuer(Number(new URL(issuer.url).port), down.url, PEOPLE);
  t.after(again.stop);
  assert.equal((await down.browser().post('/sign-in/oidc', { provider: 'oidc' })).status, 200);
});

test('a wrong client secret is told from what the person did', async (t) => {
  const { browser } = await start(t, { env: { PILOT_OIDC_CLIENT_SECRET: 'not the secret' } });
  const ada = browser();
  assert.equal(await through(ada, 'ada'), problem('issuer-refuses-farm'));
  assert.equal(await ada.who(), null);
});

for (const [what, given] of [
  ["the issuer's clock is five minutes ahead", { issuerSkewMs: 300_000 }],
  ["the issuer's clock is five minutes behind", { issuerSkewMs: -300_000 }],
  ["the farm's clock is five minutes ahead", { skewMs: 300_000 }],
  ["the farm's clock is five minutes behind", { skewMs: -300_000 }],
] as const) {
  test(`that ${what} is said`, async (t) => {
    const { browser } = await start(t, given);
    assert.equal(await through(browser(), 'ada'), problem('clock-off'));
  });
}

test('a way back that another browser began, is used twice, or was tampered with leads nowhere', async (t) => {
  const { browser } = await start(t);
  const [ada, eve] = [browser(), browser()];
  const begin = async (who: Browser) => {
    const begun = await who.post('/sign-in/oidc', { provider: 'oidc' });
    const back = new URL(await signInAtIssuer(String(begun.body.url), 'ada'));
    return back.pathname + back.search;
  };
  const end = async (who: Browser, path: string) => (await who.send('GET', path)).headers.get('location');
  const adas = await begin(ada);
  // Eve has Ada follow her link, or takes Ada's.
  assert.equal(await end(browser(), adas), problem('too-late'));
  await eve.post('/sign-in/oidc', { provider: 'oidc' });
  assert.equal(await end(eve, adas), problem('issuer-not-proved'));
  assert.equal(await eve.who(), null);
  assert.equal(await end(ada, adas), '/');
  assert.equal(await end(ada, adas), problem('too-late'));
  for (const change of [
    (path: string) => path.replace(/code=[^&]+/, 'code=made-up'),
    (path: string) => path.replace(/state=[^&]+/, 'state=made-up'),
    (path: string) => path.replace(/iss=[^&]+/, 'iss=http%3A%2F%2Fevil.example'),
    (path: string) => `${path.split('?')[0]}?error=access_denied&${path.split('&').slice(1).join('&')}`,
    (path: string) => path.split('?')[0] ?? '',
  ]) {
    const one = browser();
    const path = change(await begin(one));
    assert.match((await end(one, path)) ?? '', /^\/\?problem=issuer-(not-proved|refused)&/, path);
    assert.equal(await one.who(), null, path);
  }
  for (const returnTo of ['//evil.example', 'https://evil.example', '/\\evil.example', '/a b', 'x']) {
    assert.equal((await ada.post('/sign-in/oidc', { provider: 'oidc', returnTo })).status, 400, returnTo);
  }
  assert.equal((await ada.post('/sign-in/oidc', { provider: 'google' })).status, 404);
});

test('GitHub, which knows no OpenID, is asked for the number and the verified e-mail of a person', async (t) => {
  let verified = false;
  // Answers as https://docs.github.com/en/rest/users has them.
  const site = createServer((request, response) => {
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/login/oauth/access_token')
      return json({ access_token: 'gho_1', token_type: 'bearer', scope: 'read:user,user:email' });
    if (request.headers.authorization !== 'Bearer gho_1') return json({ message: 'Bad credentials' }, 401);
    if (request.url === '/api/v3/user') return json({ id: 4711, login: 'ada', name: null });
    const email = (one: string, primary: boolean) => ({ email: one, primary, verified, visibility: null });
    return json([email('other@farm.example', false), email('ada@farm.example', true)]);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  t.after(() => site.close());
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const { browser, databaseUrl: _ } = await startAccounts(t, {
    env: {
      PILOT_GITHUB_CLIENT_ID: 'farm',
      PILOT_GITHUB_CLIENT_SECRET: 'secret',
      PILOT_GITHUB_URL: url,
      PILOT_OIDC_FIRST_SIGN_IN: 'create',
    },
  });
  const ada = browser();
  const back = async () => {
    const begun = await ada.post('/sign-in/oidc', { provider: 'github' });
    const state = new URL(String(begun.body.url)).searchParams.get('state');
    return ada.send('GET', `/api/auth/oidc/callback/github?code=1&state=${state}`);
  };
  assert.equal((await back()).headers.get('location'), '/?problem=unverified-email&by=GitHub');
  verified = true;
  assert.equal((await back()).headers.get('location'), '/');
  assert.deepEqual([(await ada.who())?.email, (await ada.who())?.name], ['ada@farm.example', 'ada']);
});

test('settings of issuers that do not fit are refused with a sentence; a secret may be a file', async (t) => {
  for (const [env, says] of [
    [{ PILOT_OIDC_ISSUER: 'http://login.example', PILOT_OIDC_CLIENT_ID: 'x' }, /must begin with https/],
    [{ PILOT_OIDC_ISSUER: 'https://login.example' }, /not PILOT_OIDC_CLIENT_ID/],
    [{ PILOT_OIDC_CLIENT_ID: 'x' }, /not PILOT_OIDC_ISSUER/],
    [{ PILOT_MICROSOFT_CLIENT_ID: 'x' }, /not PILOT_MICROSOFT_TENANT/],
    [{ PILOT_MICROSOFT_CLIENT_ID: 'x', PILOT_MICROSOFT_TENANT: 'common' }, /one tenant/],
    [{ PILOT_OIDC_GROUPS: 'staff=Studio:boss' }, /as in "staff=Studio:manager/],
    [
      { PILOT_GOOGLE_CLIENT_ID: 'x', PILOT_GOOGLE_CLIENT_SECRET_FILE: '/nowhere' },
      /_SECRET_FILE: \/nowhere cannot be read: there is no such file/,
    ],
  ] as const) {
    assert.throws(() => readSignInConfig(env), says);
  }
  assert.deepEqual(readSignInConfig({ PILOT_OIDC_GROUPS: 'a=b=c:owner' }).groups, [
    { group: 'a=b', team: 'c', role: 'owner' },
  ]);
  const folder = await temporaryFolder();
  t.after(folder.remove);
  const file = join(folder.path, 'secret');
  await writeFile(file, 'from a file\n');
  const env = {
    PILOT_GOOGLE_CLIENT_ID: 'farm',
    PILOT_GOOGLE_CLIENT_SECRET: '',
    PILOT_GOOGLE_CLIENT_SECRET_FILE: file,
  };
  const [google] = readSignInConfig(env).providers;
  assert.deepEqual([google?.id, google?.clientSecret], ['google', 'from a file']);
  assert.deepEqual(readSignInConfig({}), { providers: [], firstSignIn: 'invite', groups: [] });
});
