/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Browser, Page } from 'playwright-core';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

let farm: Farm;
let browser: Browser;
let blends: Blends;
let job: JobId;
before(async () => {
  [farm, browser, blends] = await Promise.all([startFarm({ workers: 1 }), openBrowser(), makeBlends()]);
  const { submit, reaches } = api(farm.url);
  job = await submit(blends.path('quick'), { settings: { frames: '11-16' } });
  await reaches(job, 'completed');
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await blends?.remove();
});

type Transfer = { url: string; type: string; encoding: string; bytes: number };

/** What goes over the wire, headers and all. */
async function watchWire(page: Page): Promise<Transfer[]> {
  const wire = await page.context().newCDPSession(page);
  await wire.send('Network.enable');
  const open = new Map<string, Omit<Transfer, 'bytes'>>();
  const done: Transfer[] = [];
  wire.on('Network.responseReceived', ({ requestId, type, response }) => {
    const encoding = Object.entries(response.headers).find(([name]) => /^content-encoding$/i.test(name))?.[1];
    open.set(requestId, { url: response.url, type, encoding: encoding ?? '' });
  });
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const begun = open.get(requestId);
    if (begun !== undefined) done.push({ ...begun, bytes: encodedDataLength });
  });
  return done;
}

test('a first visit fetches less than 200 KB of script, and the list of jobs once and compressed', async () => {
  const page = await browser.newPage();
  // Who saves data is sent what is asked for, and nothing that is fetched for later.
  await page.addInitScript(() =>
    Object.defineProperty(navigator, 'connection', { value: { saveData: true } }),
  );
  const wire = await watchWire(page);
  await page.goto(farm.url);
  await page.getByRole('link', { name: /^All 1/ }).waitFor();
  await page.getByText('quick').waitFor();
  const scripts = wire.filter(({ type }) => type === 'Script');
  const bytes = scripts.reduce((sum, one) => sum + one.bytes, 0);
  const told = scripts.map((one) => `${one.bytes} ${one.url}`).join('\n');
  assert.ok(bytes > 50_000 && bytes < 200_000, `${bytes} bytes of script:\n${told}`);
  const lists = wire.filter(({ url }) => /\/jobs\?.*limit=100/.test(url));
  assert.deepEqual(
    lists.map((one) => one.encoding),
    ['gzip'],
  );
  await page.close();
});

test('a part that cannot be fetched leaves the page as it is, and is there when the farm is back', async () => {
  // A service worker fetches past what the test puts in the way.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  let away = true;
  let refused = 0;
  await page.route('**/assets/SchemeMenu*.js', (route) => {
    if (!away) return route.continue();
    refused += 1;
    return route.abort('connectionrefused');
  });
  await page.goto(farm.url);
  await page.getByRole('link', { name: /quick/ }).waitFor();
  await page.getByRole('button', { name: 'Light or dark' }).click();
  await until(() => refused > 1, 'it was not asked for again');
  assert.ok(await page.getByRole('link', { name: /quick/ }).isVisible(), 'the page is gone');
  away = false;
  await page.getByRole('menuitem', { name: 'Dark' }).waitFor();
  await context.close();
});

test('Back closes a frame and stays on the job, and the address names the frame by its number', async () => {
  const page = await browser.newPage();
  await page.goto(farm.url);
  await page.getByRole('link', { name: /quick/ }).click();
  await page.getByRole('button', { name: 'Frame 14: done' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.waitFor();
  assert.equal(new URL(page.url()).search, '?frame=14');
  await page.keyboard.press('ArrowRight');
  await page.waitForURL('**/*?frame=15');
  await page.goBack();
  await drawer.waitFor({ state: 'hidden' });
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, `/jobs/${job}`);
  // Closed by hand it is no step either: one Back leads to the list.
  await page.getByRole('button', { name: 'Frame 14: done' }).click();
  await drawer.waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  await page.goBack();
  await page.waitForURL(`${farm.url}/`);
  await page.goto(`${farm.url}/jobs/${job}?frame=12`);
  await drawer.getByText('Frame 12').waitFor();
  await page.close();
});

async function drop(page: Page, file: string, name: string): Promise<void> {
  const bytes = (await readFile(file)).toString('base64');
  const data = await page.evaluateHandle(
    async ([content, fileName]) => {
      const blob = await (await fetch(`data:application/octet-stream;base64,${content}`)).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], fileName ?? ''));
      return transfer;
    },
    [bytes, name],
  );
  for (const event of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('main', event, { dataTransfer: data });
}

test('a file dropped on any page is taken, and leaving while it is sent is asked about', async () => {
  // The page's own rule for connections would keep the test from making a file of bytes.
  // What passes a service worker is not held.
  const context = await browser.newContext({ bypassCSP: true, serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.goto(`${farm.url}/workers`);
  await page.getByText('worker-1').first().waitFor();
  const held = Promise.withResolvers<void>();
  await page.route('**/api/v1/uploads**', async (route) => {
    await held.promise;
    await route.continue();
  });
  await drop(page, blends.path('steady'), 'dropped.blend');
  await page.waitForURL('**/new');
  await page.getByText('dropped.blend').first().waitFor();
  await page.getByRole('progressbar', { name: 'Upload' }).waitFor();
  const asked = page.waitForEvent('dialog');
  // The browser asks for pages that were used.
  await page.getByRole('heading', { name: 'New job' }).click();
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  held.resolve();
  await page.waitForURL(/\/jobs\/job_/, { timeout: 60_000 });
  await context.close();
});

test('a job is created by itself when the farm is back, once', async () => {
  const page = await browser.newPage({ serviceWorkers: 'block' });
  await page.goto(`${farm.url}/new`);
  let refused = 0;
  await page.route('**/api/v1/jobs', async (route) => {
    if (route.request().method() !== 'POST' || refused === 2) return route.continue();
    refused += 1;
    // The second time the farm takes the job in, and the answer is lost.
    if (refused === 2) await route.fetch();
    return route.abort('connectionreset');
  });
  const { json } = api(farm.url);
  const before = (await json('GET', '/jobs')).total;
  await page.locator('input[type=file]').setInputFiles(blends.path('denoise'));
  await page.getByText('The farm does not answer. This goes on by itself').waitFor();
  await page.waitForURL(/\/jobs\/job_/, { timeout: 60_000 });
  await until(async () => (await json('GET', '/jobs')).total === before + 1, 'not one job more');
  assert.equal(refused, 2);
  await page.close();
});

test('a first visit to a farm without workers says so, what to do, and offers something to try', async () => {
  const empty = await startFarm({ workers: 0 });
  try {
    const page = await browser.newPage();
    await page.goto(empty.url);
    await page.getByText('No worker is connected, so jobs wait.').waitFor();
    await page.getByRole('link', { name: 'See how one joins.' }).waitFor();
    await page.getByRole('button', { name: /^A small planet/ }).click();
    await page.waitForURL(/\/jobs\/job_/, { timeout: 60_000 });
    await page.getByText('No worker is connected, so the job waits.').first().waitFor();
    await page.close();
  } finally {
    await empty.stop();
  }
});

test('a job that is over begins again with its settings, a test frame tells how long all take, and a name', async () => {
  const page = await browser.newPage();
  await page.goto(`${farm.url}/jobs/${job}`);
  await page.getByRole('button', { name: 'Again with changes' }).click();
  const frames = page.getByRole('textbox', { name: 'Frames', exact: true });
  await frames.waitFor({ timeout: 60_000 });
  assert.equal(await frames.inputValue(), '11-16');
  await page.getByLabel('Samples').fill('3');
  await page.getByRole('button', { name: 'Test frame 14' }).click();
  await page.getByText(/Frame 14 took .* All 6 frames on 1 worker: about/).waitFor({ timeout: 60_000 });
  await page.reload();
  await frames.waitFor();
  assert.equal(await page.getByLabel('Samples').inputValue(), '3', 'what was changed is lost');
  await page.getByLabel('Name of the job').fill('second try');
  const start = page.getByRole('button', { name: 'Start rendering' });
  const { bottom, height } = await start.evaluate((button) => ({
    bottom: button.getBoundingClientRect().bottom,
    height: window.innerHeight,
  }));
  assert.ok(bottom <= height, `Start lies ${bottom - height} px below the fold`);
  await start.click();
  await page.getByRole('heading', { name: 'second try' }).waitFor();
  await page.getByText('Cycles, 3 samples').waitFor({ timeout: 60_000 });
  await page.close();
});

test('the site is an app that opens while the farm is away, and keeps nothing that the farm knows', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(farm.url);
  await page.getByText('quick').first().waitFor();
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]');
    return (await fetch(link?.href ?? '')).json();
  });
  for (const { src } of manifest.icons)
    assert.equal((await fetch(farm.url + src)).headers.get('content-type'), 'image/png');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  // From now on what is fetched passes the service worker.
  await page.reload();
  await page.getByText('quick').first().waitFor();
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
  });
  assert.ok(kept.some((path) => path.startsWith('/assets/')));
  assert.deepEqual(
    kept.filter((path) => /^\/(api|socket\.io)/.test(path)),
    [],
  );
  await farm.backend.end('SIGKILL');
  try {
    await page.reload();
    await page
      .getByText(/The farm does not answer/)
      .first()
      .waitFor();
    assert.equal(
      await page.getByText('quick').count(),
      0,
      'an old list is shown as if it were the present one',
    );
  } finally {
    await farm.backend.start();
  }
  await page.getByText('quick').first().waitFor();
  await context.close();
});
