/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CLIENT,
  type Issuer,
  SECRET,
  startIssuer,
} from '@parallel-pilot/client-backend/auth/accounts/oidc/start-issuer.fixture.ts';
import { TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import { findings } from '../support/accessibility.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, freePort, startFarm } from '../support/farm.ts';

const ADMIN = { name: 'Ana', email: 'ana@studio.example', password: 'seven brave otters swim' };
const GUEST = { name: 'Gus', email: 'gus@studio.example', password: 'a lantern in the orchard' };

let farm: Farm;
let browser: Browser;
let blends: Blends;
let issuer: Issuer;
/** The farm by the name that browsers take for safe without TLS: passkeys need that. */
let url: string;
before(async () => {
  const [port, issuerPort] = [await freePort(), await freePort()];
  url = `http://localhost:${port}`;
  const env = {
    PILOT_HOST: '0.0.0.0',
    PILOT_PUBLIC_URL: url,
    PILOT_OIDC_ISSUER: `http://localhost:${issuerPort}`,
    PILOT_OIDC_NAME: 'Campus',
    PILOT_OIDC_CLIENT_ID: CLIENT,
    PILOT_OIDC_CLIENT_SECRET: SECRET,
    PILOT_OIDC_FIRST_SIGN_IN: 'create',
  };
  [farm, browser, blends] = await Promise.all([
    startFarm({ workers: 1, port, env }),
    openBrowser(),
    makeBlends(),
  ]);
  const people = {
    cara: { name: 'Cara', email: 'cara@campus.example', email_verified: true },
    dan: { name: 'Dan', email: 'dan@campus.example', email_verified: false },
  };
  issuer = await startIssuer(issuerPort, url, people);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await blends?.remove();
  await issuer?.stop();
});

const newPage = async (): Promise<Page> => (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
const here = (link: string): string => url + new URL(link).pathname + new URL(link).hash;
const account = (page: Page) => page.getByRole('button', { name: /account and teams$/ });

async function give(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function signOut(page: Page): Promise<void> {
  await account(page).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

let admin: Page;
let guest: Page;

test('the first admin makes their account by the link of the first start, which is good once', async () => {
  const link = farm.backend.adminLink();
  assert.ok(link, 'the farm told no link');
  admin = await newPage();
  await admin.goto(here(link));
  await admin.getByLabel('Your name').fill(ADMIN.name);
  await admin.getByLabel('E-mail').fill(ADMIN.email);
  await admin.getByRole('textbox', { name: 'Password' }).fill(ADMIN.password);
  assert.deepEqual(await findings(admin), []);
  await admin.getByRole('button', { name: 'Make the account' }).click();
  await account(admin).waitFor();
  const late = await newPage();
  await late.goto(here(link));
  await late.getByText('This link was used already').waitFor();
  await late.context().close();
});

test('a team that is made is worked in, also after a reload', async () => {
  await admin.goto(`${url}/team`);
  await admin.getByRole('button', { name: 'New team' }).click();
  await admin.getByRole('dialog').getByLabel('Name').fill('Aurora');
  await admin.getByRole('button', { name: 'Make it' }).click();
  await admin.getByRole('heading', { name: 'Aurora' }).waitFor();
  await admin.reload();
  await admin.getByRole('button', { name: 'Ana, Aurora: account and teams' }).waitFor();
});

test('somebody is invited as a viewer, accepts, watches what others submit, and is refused what they may not do', async () => {
  await admin.goto(`${url}/team`);
  await admin.getByRole('button', { name: 'Invite somebody' }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('Role').selectOption('viewer');
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  const link = await admin.getByRole('status').locator('code').innerText();
  guest = await newPage();
  await guest.goto(here(link));
  await guest.getByLabel('Your name').fill(GUEST.name);
  await guest.getByLabel('E-mail').fill(GUEST.email);
  await guest.getByRole('textbox', { name: 'Password' }).fill(GUEST.password);
  await guest.getByRole('button', { name: 'Join' }).click();
  await guest.getByRole('button', { name: 'Gus, Aurora: account and teams' }).waitFor();

  await admin.goto(`${url}/new`);
  await admin.locator('input[type=file]').setInputFiles(blends.path('quick'));
  const range = admin.getByLabel('Frames', { exact: true });
  await range.waitFor({ timeout: 90_000 });
  await range.fill('1-2');
  await admin.getByRole('button', { name: /Start rendering/ }).click();
  await admin.waitForURL(/\/jobs\/job_/);

  await guest.goto(admin.url());
  await guest.getByRole('heading', { name: 'quick' }).waitFor();
  await guest.getByLabel(/^Video of/).waitFor({ timeout: 120_000 });
  for (const name of ['Cancel', 'Pause', 'Again with changes'])
    assert.equal(await guest.getByRole('button', { name, exact: true }).count(), 0, `"${name}" is offered`);
  await guest.goto(`${url}/new`);
  await guest.getByText('As a viewer of this team you may not submit jobs').waitFor();
});

test('a password is asked for, a wrong one told like an unknown e-mail, and a new one set by a link', async () => {
  await signOut(guest);
  for (const email of [GUEST.email, 'nobody@studio.example']) {
    await give(guest, email, 'not the password');
    await guest.getByText('The e-mail or the password is not right.').waitFor();
  }
  await admin.goto(`${url}/farm/people`);
  await admin.getByRole('button', { name: 'More about Gus' }).click();
  await admin.getByRole('menuitem', { name: 'Link for a new password' }).click();
  const link = await admin.getByRole('dialog').locator('code').innerText();
  await guest.goto(here(link));
  await guest.getByRole('textbox', { name: 'New password' }).fill('a window over the harbour');
  await guest.getByRole('button', { name: 'Set the password' }).click();
  await account(guest).waitFor();
  await signOut(guest);
  await give(guest, GUEST.email, 'a window over the harbour');
  await account(guest).waitFor();
});

test('codes of an authenticator app are set up and asked for, and a backup code stands in for one', async () => {
  await guest.goto(`${url}/account`);
  await guest.getByRole('button', { name: 'Set it up' }).click();
  const password = guest.getByRole('dialog').getByRole('textbox', { name: 'Password' });
  await password.fill('a window over the harbour');
  await guest.getByRole('button', { name: 'Go on' }).click();
  await guest.getByRole('img', { name: 'For your authenticator app' }).waitFor();
  assert.deepEqual(await findings(guest), []);
  const secret = await guest.getByRole('status').locator('code').innerText();
  const code = () => new TOTP({ secret }).generate();
  await guest.getByLabel('Code that the app shows').fill(code());
  await guest.getByRole('button', { name: 'Turn it on' }).click();
  const kept = guest.getByRole('status').filter({ hasText: 'backup codes' }).locator('code');
  const [backup = ''] = (await kept.innerText()).split('\n');
  await signOut(guest);
  await give(guest, GUEST.email, 'a window over the harbour');
  await guest.getByLabel('Code of your authenticator app').fill('000000');
  await guest.getByRole('button', { name: 'Sign in', exact: true }).click();
  await guest.getByText('The code is not right').waitFor();
  await guest.getByLabel('Code of your authenticator app').fill(code());
  await guest.getByRole('button', { name: 'Sign in', exact: true }).click();
  await account(guest).waitFor();
  await signOut(guest);
  await give(guest, GUEST.email, 'a window over the harbour');
  await guest.getByRole('button', { name: 'Use a backup code' }).click();
  await guest.getByLabel('Backup code').fill(backup);
  await guest.getByRole('button', { name: 'Sign in', exact: true }).click();
  await account(guest).waitFor();
});

test('a passkey is made on the device and opens the account without a password', async () => {
  const wire = await admin.context().newCDPSession(admin);
  await wire.send('WebAuthn.enable');
  await wire.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await admin.goto(`${url}/account`);
  await admin.getByRole('button', { name: 'Add a passkey' }).click();
  await admin.getByRole('dialog').getByLabel('Name').fill('Test device');
  await admin.getByRole('button', { name: 'Make it on this device' }).click();
  await admin.getByRole('button', { name: 'Remove the passkey Test device' }).waitFor();
  await signOut(admin);
  await admin.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await admin.getByRole('button', { name: /^Ana, / }).waitFor();
});

test('somebody whom an issuer vouches for is let in, and one whose e-mail is not verified there is told so', async () => {
  const page = await newPage();
  const atIssuer = async (login: string) => {
    await page.goto(`${url}/workers`);
    await page.getByRole('button', { name: 'Continue with Campus' }).click();
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]').click();
  };
  await atIssuer('cara');
  await page.getByRole('button', { name: /^Cara, / }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/workers');
  await page.context().clearCookies();
  await atIssuer('dan');
  await page.getByText('Campus says that your e-mail was never verified there').waitFor();
  assert.deepEqual(await findings(page), []);
  await page.context().close();
});

test('an admin acts as somebody else under a red bar, which ends it', async () => {
  await admin.goto(`${url}/farm/people`);
  await admin.getByRole('button', { name: 'More about Gus' }).click();
  await admin.getByRole('menuitem', { name: 'Act as them' }).click();
  await admin.getByRole('button', { name: 'Act as them' }).click();
  await admin.getByText('Ana, you act as Gus.').waitFor();
  assert.deepEqual(await findings(admin), []);
  await admin.getByRole('button', { name: 'End it' }).click();
  await admin.getByRole('heading', { name: 'People' }).waitFor();
  await admin.goto(`${url}/farm/audit?action=impersonation.begin`);
  await admin.getByText('impersonation.begin', { exact: true }).nth(1).waitFor();
});
