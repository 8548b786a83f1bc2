/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SCOPES, type Scope, type TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import { newId, type PersonId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import { insertKey } from '@parallel-pilot/shared/server/db/keys.ts';
import { insertPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { joinTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Browser, Page } from 'playwright-core';
import { findings } from '../support/accessibility.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';

const random = (count: number) => new Uint8Array(randomBytes(count));
const OWNERS_KEY = 'a-key-that-only-this-test-knows-1234';

let folder: string;
let farm: Farm;
let browser: Browser;
let studio: TeamId;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-people-'));
  await mkdir(join(folder, 'secrets'), { mode: 0o700 });
  await writeFile(join(folder, 'secrets', 'owner-key-sha256'), sha256(OWNERS_KEY), { mode: 0o600 });
  [farm, browser] = await Promise.all([
    startFarm({ folder, workers: 0, env: { PILOT_HOST: '0.0.0.0' } }),
    openBrowser(),
  ]);
  studio = newId('tea', random);
  await farm.db.insertInto('teams').values({ id: studio, name: 'Studio', created_at: Date.now() }).execute();
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Somebody in the team, and a key of theirs for it. */
async function somebody(name: string, role: TeamRole, scopes: readonly Scope[] = SCOPES): Promise<string> {
  const person: PersonId = newId('per', random);
  const row = {
    id: person,
    subject: `auth:${name}`,
    name,
    email: null,
    role: 'person',
    created_at: Date.now(),
  };
  await farm.db
    .transaction()
    .execute((transaction) => insertPerson(transaction, { ...row, role: 'person' }, newId('tea', random)));
  await joinTeam(farm.db, { team_id: studio, person_id: person, role, joined_at: Date.now() });
  const key = Buffer.from(random(24)).toString('base64url');
  await insertKey(farm.db, {
    id: newId('key', random),
    hash: sha256(key),
    person_id: person,
    team_id: studio,
    name: `${name}'s`,
    scopes: scopes.join(','),
    created_at: Date.now(),
    expires_at: null,
  });
  return key;
}

/** A browser of its own, at this address of the farm, signed in there with a key. */
async function signedIn(key: string, path = '/'): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(farm.url + path);
  await page.getByRole('button', { name: 'Use a key' }).click();
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: /account and teams$/ }).waitFor();
  return page;
}

test('a wrong key opens nothing and says so, the right one opens the page that was asked for', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${farm.url}/account`);
  await page.getByRole('button', { name: 'Use a key' }).click();
  await page.getByLabel('Key', { exact: true }).fill('no key of this farm');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('This is no key of this farm, or it was revoked.').waitFor();
  assert.deepEqual(await findings(page), []);
  await page.getByLabel('Key', { exact: true }).fill(OWNERS_KEY);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await page.context().close();
});

test('a viewer is offered nothing that they may not do, and a page asked for by address says why', async () => {
  const page = await signedIn(await somebody('Vera', 'viewer'));
  await page.getByRole('heading', { name: 'No job yet' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'New job' }).count(), 0);
  await page.goto(`${farm.url}/new`);
  await page.getByText('As a viewer of this team you may not submit jobs').waitFor();
  assert.deepEqual(await findings(page), []);
  await page.goto(`${farm.url}/farm/people`);
  await page.getByText('Only an admin of the farm may manage the people of the farm.').waitFor();
  await page.goto(`${farm.url}/team`);
  await page.getByRole('heading', { name: 'Studio' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Invite somebody' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Delete the team' }).count(), 0);
  await page.getByRole('button', { name: 'Leave the team' }).waitFor();
  await page.context().close();
});

test('a key is made, shown this once, lets in as far as it goes, and is shut out as soon as it is revoked', async () => {
  const page = await signedIn(await somebody('Mona', 'manager'), '/account');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Reader');
  await dialog.getByLabel('Submit and steer jobs').uncheck();
  assert.deepEqual(await findings(page), []);
  await dialog.getByRole('button', { name: 'Make it' }).click();
  const shown = page.getByRole('status').filter({ hasText: 'shown this once' }).locator('code');
  const key = await shown.innerText();
  await page.reload();
  await page.getByText('Reader').waitFor();
  assert.equal(await page.getByText(key).count(), 0, 'it is shown once more');

  const reader = await signedIn(key, '/new');
  await reader.getByText(/This key may not submit jobs: it lacks the scope "submit"/).waitFor();
  await page.getByRole('button', { name: 'Revoke the key Reader' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('Reader').waitFor({ state: 'hidden' });
  await reader.goto(farm.url);
  await reader.getByRole('heading', { name: 'Sign in' }).waitFor();
  await reader.context().close();
  await page.context().close();
});

test('somebody is invited by a link that is shown once, and the invitation can be withdrawn', async () => {
  const page = await signedIn(await somebody('Olga', 'owner'), '/team');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await page.getByRole('dialog').getByLabel('E-mail').fill('new@studio.example');
  assert.deepEqual(await findings(page), []);
  await page.getByRole('button', { name: 'Make the link' }).click();
  const link = await page.getByRole('status').locator('code').innerText();
  assert.match(new URL(link).pathname + new URL(link).hash, /^\/invite#./);

  const guest = await (await browser.newContext()).newPage();
  await guest.goto(farm.url + new URL(link).pathname + new URL(link).hash);
  await guest.getByRole('heading', { name: 'Join Studio' }).waitFor();
  assert.deepEqual(await findings(guest), []);
  await page.getByRole('button', { name: 'Withdraw the invitation of new@studio.example' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await page.getByRole('button', { name: /^Withdraw the invitation/ }).waitFor({ state: 'hidden' });
  await guest.reload();
  await guest.getByRole('heading', { name: 'This link does not work' }).waitFor();
  await guest.context().close();
  await page.context().close();
});

test('a program that asks for a key is let in by who compares its code', async () => {
  const ask = (path: string, body: object) =>
    fetch(`${farm.url}/api/v1/device-codes${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then((response) => response.json());
  const device = await ask('', { name: 'pilot on a laptop', scopes: ['read'] });
  const page = await signedIn(await somebody('Ada', 'member'), `/device#${device.userCode}`);
  await page.getByText(device.userCode).waitFor();
  await page.getByText('pilot on a laptop').waitFor();
  assert.deepEqual(await findings(page), []);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('heading', { name: 'It is let in' }).waitFor();
  const answer = await ask('/poll', { deviceCode: device.deviceCode });
  assert.equal(answer.state, 'approved');
  const mine = await fetch(`${farm.url}/api/v1/account`, {
    headers: { authorization: `Bearer ${answer.key}` },
  });
  assert.equal((await mine.json()).name, 'Ada');
  await page.context().close();
});

test('an admin sets when deadlines go before others, and is told what cannot be', async () => {
  const page = await signedIn(OWNERS_KEY, '/farm/settings');
  const first = page.getByLabel('Goes before others of its priority at');
  const preempt = page.getByLabel('May take the place of lower priorities at');
  const save = page.getByRole('region', { name: 'Deadlines' }).getByRole('button', { name: 'Save' });
  await first.fill('10');
  await preempt.fill('15');
  await page.getByText('At most the 10 % at which it goes before others.').waitFor();
  assert.ok(await save.isDisabled());
  await preempt.fill('2.5');
  assert.deepEqual(await findings(page), []);
  await save.click();
  await page.getByText('The settings are saved.').waitFor();
  const row = await farmSettings(farm.db);
  assert.deepEqual([row?.deadline_first, row?.deadline_preempt], [0.1, 0.025]);
  await page.reload();
  assert.equal(await first.inputValue(), '10 % slack left');
  await page.context().close();
});

test('signing out ends the session on the farm', async () => {
  const page = await signedIn(await somebody('Sam', 'member'), '/account');
  const before = await page.context().cookies();
  await page.getByRole('button', { name: /account and teams$/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const cookie = before.map(({ name, value }) => `${name}=${value}`).join('; ');
  assert.equal((await fetch(`${farm.url}/api/v1/account`, { headers: { cookie } })).status, 401);
  await page.context().close();
});
