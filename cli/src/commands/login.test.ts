import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Browser, startPeopleFarm } from '../../../client-backend/src/people/people-farm.fixture.ts';
import { until } from '../../../tests/support/until.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

test('login keeps a key of each farm for its user alone, commands take it, and logout has it revoked', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-login-'));
  t.after(() => rm(folder, { recursive: true }));
  const [here, there] = [await startPeopleFarm(t), await startPeopleFarm(t)];
  const [ann, bob] = [await here.join('Ann'), await there.join('Bob')];
  const env = { PILOT_DATA: folder, XDG_CONFIG_HOME: folder };
  const pilot = (...args: string[]) => execa(process.execPath, [main, ...args], { env, reject: false });
  const signIn = async (url: string, who: Browser, decide: 'approve' | 'refuse') => {
    const login = pilot('login', url, '--no-browser');
    let said = '';
    login.stderr.on('data', (text) => {
      said += text;
    });
    const code = () => /Your code: {2}(\S+)/.exec(said)?.[1];
    await until(
      () => code() !== undefined,
      () => `it said: ${said}`,
    );
    assert.ok(said.includes(`${url}/device#${code()}`), said);
    await who.send('POST', `/device-codes/${code()}/${decide}`);
    return login;
  };
  const no = await signIn(here.url, ann, 'refuse');
  assert.deepEqual(
    [no.exitCode, no.stderr.split('\n').at(-1)],
    [1, 'It was refused in the browser. No key was given.'],
  );
  const signedIn = await signIn(here.url, ann, 'approve');
  assert.match(signedIn.stderr, /Signed in to http:\S+ as Ann, in the team Ann\.$/);
  await signIn(there.url, bob, 'approve');
  const file = join(folder, 'parallel-pilot', 'farms.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok(!signedIn.stderr.includes('pilot_') && !signedIn.stdout.includes('pilot_'));

  assert.match((await pilot('whoami', '--server', here.url)).stdout, /^Ann \(ann@example\.org\) on http/);
  assert.match((await pilot('whoami', '--server', there.url)).stdout, /^Bob /);
  const which = await pilot('logout');
  assert.equal(which.exitCode, 1);
  const { key } = JSON.parse(await readFile(file, 'utf8')).farms[here.url];
  const out = await pilot('logout', here.url);
  assert.deepEqual([out.exitCode, out.stderr], [0, `Signed out of ${here.url}.`]);
  const bearer = { authorization: `Bearer ${key}` };
  assert.equal((await here.browser().send('GET', '/account', undefined, bearer)).status, 401);
  const after = await pilot('whoami', '--server', here.url);
  assert.equal(after.exitCode, 1);
  assert.match(after.stderr, /You are not signed in to .*pilot login http/);
  assert.match((await pilot('whoami', '--server', there.url)).stdout, /^Bob /);
});

test("the farm's own shell looks after its people", async (t) => {
  const farm = await startPeopleFarm(t);
  await farm.join('Ann');
  const { dataFolder } = farm.parts.config;
  const pilot = (...args: string[]) =>
    execa(process.execPath, [main, 'accounts', ...args], { env: { PILOT_DATA: dataFolder }, reject: false });
  const listed = await pilot('list', '--json');
  const people: { name: string; role: string }[] = JSON.parse(listed.stdout);
  assert.deepEqual(
    people.map(({ name, role }) => [name, role]),
    [
      ['Ann', 'person'],
      ['Owner', 'admin'],
    ],
  );
  const first = await pilot('first-link');
  assert.match(first.stdout, /\/welcome#[\w-]{43}$/);
  assert.match((await pilot('invite', '--email', 'cid@example.org')).stdout, /7 days: .*\/invite#[\w-]{43}$/);
  const reset = await pilot('reset', 'ann@example.org');
  const token = reset.stdout.split('#')[1];
  assert.equal((await farm.browser().send('POST', '/links/look', { token })).body.purpose, 'password-reset');
  assert.match((await pilot('make-admin', 'ann@example.org')).stdout, /Ann is an admin of the farm\./);
  assert.match((await pilot('first-link')).stderr, /The farm has an admin already\./);
  assert.match((await pilot('ban', 'ann@example.org')).stdout, /Ann is not let in any more/);
  assert.match((await pilot('ban', 'nobody')).stderr, /Nobody here is "nobody"/);
  const elsewhere = await execa(process.execPath, [main, 'accounts', 'list'], {
    env: { PILOT_DATA: join(dataFolder, 'nothing') },
    reject: false,
  });
  assert.match(elsewhere.stderr, /There is no farm in /);
});
