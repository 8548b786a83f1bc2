/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { CLERK_SCRIPT } from '../support/clerk-stand-in.ts';
import { type Farm, startFarm } from '../support/farm.ts';

const HOST = 'farm.clerk.accounts.dev';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let farm: Farm;
let browser: Browser;
before(async () => {
  const env = {
    PILOT_HOST: '0.0.0.0',
    PILOT_CLERK_PUBLISHABLE_KEY: `pk_test_${Buffer.from(`${HOST}$`).toString('base64')}`,
    PILOT_CLERK_JWT_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
  [farm, browser] = await Promise.all([startFarm({ workers: 0, env }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
});

function tokenWith(claims: Record<string, unknown>): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ iss: `https://${HOST}`, azp: farm.url, sub: 'user_1', sid: 'sess_1', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'ins_1', typ: 'JWT' })
    .setIssuedAt(now)
    .setNotBefore(now - 5)
    .setExpirationTime(now + 60)
    .sign(privateKey);
}

/** A page in which Clerk vouches for somebody by tokens with these claims; all that it asked of Clerk's host. */
async function openPage(claims: () => Record<string, unknown>): Promise<{ page: Page; asked: string[] }> {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  const asked: string[] = [];
  await page.exposeFunction('sessionToken', () => tokenWith(claims()));
  await page.route(
    (url) => url.origin !== new URL(farm.url).origin,
    (route) => {
      asked.push(route.request().url());
      return route.fulfill({
        contentType: 'text/javascript',
        headers: { 'access-control-allow-origin': '*' },
        body: CLERK_SCRIPT,
      });
    },
  );
  await page.goto(farm.url);
  return { page, asked };
}

test('whom Clerk vouches for is let in, an organisation is their team, and signing out ends it', async () => {
  const organization = { id: 'org_1', slg: 'Aurora', rol: 'member' };
  const { page, asked } = await openPage(() => ({ name: 'Ana', o: organization }));
  await page.getByRole('button', { name: 'Continue at Clerk' }).click();
  await page.getByRole('button', { name: /^Ana, .*account and teams$/ }).click();
  await page.getByRole('menuitem', { name: 'Aurora' }).click();
  await page.getByRole('button', { name: 'Ana, Aurora: account and teams' }).waitFor();
  // The page of the other team is shown by the session, before Clerk's script has come.
  await page.waitForFunction(() => 'clerkOptions' in window);
  const options = await page.evaluate(() => (window as unknown as { clerkOptions: object }).clerkOptions);
  assert.ok('telemetry' in options && options.telemetry === false, 'telemetry is on');
  assert.ok(
    asked.every((url) => new URL(url).host === HOST),
    `the page asked others: ${asked.join(', ')}`,
  );

  await page.getByRole('button', { name: /account and teams$/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Continue at Clerk' }).waitFor();
  await page.context().close();
});

test('a sign-in that Clerk has not finished is told, and opens nothing', async () => {
  const { page } = await openPage(() => ({ sts: 'pending' }));
  await page.getByRole('button', { name: 'Continue at Clerk' }).click();
  await page.getByText('Your sign-in at Clerk is not finished').waitFor();
  await page.context().close();
});

test('only where people sign in by Clerk may pages run scripts of its host', async () => {
  const policyOf = async (url: string) => (await fetch(url)).headers.get('content-security-policy') ?? '';
  assert.match(
    await policyOf(farm.url),
    new RegExp(`script-src[^;]* https://${HOST.replaceAll('.', '\\.')}`),
  );
  const other = await startFarm({ workers: 0, env: { PILOT_HOST: '0.0.0.0' } });
  try {
    assert.doesNotMatch(await policyOf(other.url), /clerk|cloudflare/);
  } finally {
    await other.stop();
  }
});
