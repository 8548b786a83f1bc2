/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { api } from '../support/api.ts';
import { type Blends, makeBlends, strangersScene } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

let farm: Farm;
let browser: Browser;
let blends: Blends;
before(async () => {
  [farm, browser, blends] = await Promise.all([startFarm({ workers: 2 }), openBrowser(), makeBlends()]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await blends?.remove();
});

/** Drops the file on the site and follows it to the end, as a person would. */
async function renderOnTheSite(
  page: Page,
  file: string,
  frames: { text: string; count: number; one: number },
) {
  await page.goto(`${farm.url}/new`);
  await page.locator('input[type=file]').setInputFiles(file);
  const range = page.getByLabel('Frames', { exact: true });
  await range.waitFor({ timeout: 60_000 });
  await range.fill(frames.text);
  await page.getByRole('button', { name: /Start rendering/ }).click();
  await page.waitForURL(/\/jobs\/job_/);

  await twoBarsMove(page);
  await page.getByLabel(/^Video of/).waitFor({ timeout: 180_000 });

  await page.getByRole('button', { name: `Frame ${frames.one}: done` }).click();
  const drawer = page.getByRole('dialog');
  const image = drawer.locator('img').first();
  await until(
    () => image.evaluate((img: HTMLImageElement) => img.naturalWidth > 0),
    'the frame’s image never showed',
  );
  await drawer
    .getByText(/Saved|Fra:|log/i)
    .first()
    .waitFor();
  await page.keyboard.press('Escape');

  const video = page.getByLabel(/^Video of/);
  await video.evaluate((element: HTMLVideoElement) => {
    element.muted = true;
    return element.play();
  });
  await until(
    () => video.evaluate((element: HTMLVideoElement) => element.currentTime > 0),
    'the video never moved on',
  );
  const length = await video.evaluate((element: HTMLVideoElement) => element.duration);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: /Download video/ }).click();
  const saved = await download;
  assert.match(saved.suggestedFilename(), /\.mp4$/);
  assert.ok((await stat(await saved.path())).size > 1_000);
  return { length };
}

/** Both workers' bars are seen at more than one place. */
async function twoBarsMove(page: Page): Promise<void> {
  const seen = new Map<string, Set<string>>();
  await until(
    async () => {
      for (const bar of await page.getByRole('progressbar', { name: /^Worker / }).all()) {
        const name = (await bar.getAttribute('aria-label', { timeout: 500 })) ?? '';
        const at = `${await bar.getAttribute('aria-valuetext', { timeout: 500 })} ${await bar.getAttribute('aria-valuenow', { timeout: 500 })}`;
        seen.set(name, (seen.get(name) ?? new Set()).add(at));
      }
      const moving = [...seen.values()].filter((places) => places.size > 2);
      return moving.length >= 2;
    },
    () => `two bars never moved: ${JSON.stringify([...seen].map(([name, at]) => [name, [...at]]))}`,
    120_000,
  );
}

function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // The answers that failed are told by their address below; this line does not name it.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      errors.push(message.text());
  });
  page.on('response', (response) => {
    // "Is this file here already?" is answered with 404 when it is not.
    const asked = /\/blobs\/[0-9a-f]{64}\/info$/.test(response.url());
    if (response.status() >= 400 && !asked) errors.push(`${response.status()} ${response.url()}`);
  });
  return errors;
}

test('a .blend through the website: drop, look, choose, watch, open a frame, play and download', async () => {
  const page = await browser.newPage();
  const errors = watchErrors(page);
  const { length } = await renderOnTheSite(page, blends.path('steady'), { text: '1-24', count: 24, one: 7 });
  assert.ok(Math.abs(length - 1) < 0.05, `the video lasts ${length} s`);
  assert.deepEqual(errors, []);
  await page.close();
});

const stranger = strangersScene('minor-bob/minor-bob.blend');
test('a stranger’s .blend that nobody tuned for, through the website', {
  skip: stranger === null && 'this clone has no folder shared/scenes beside it',
}, async () => {
  assert.ok(stranger);
  const page = await browser.newPage();
  await renderOnTheSite(page, stranger, { text: '1-59x2', count: 30, one: 21 });
  await page.close();
});

test('every page, in a phone’s width too, without a scrollbar across and without errors', async () => {
  const { submit, reaches } = api(farm.url);
  const id = await submit(blends.path('quick'), { settings: { frames: '1-3' } });
  await reaches(id, 'completed');
  for (const viewport of [
    { width: 390, height: 844 },
    { width: 1440, height: 900 },
  ]) {
    const page = await browser.newPage({ viewport });
    const errors = watchErrors(page);
    for (const [path, shows] of [
      ['/', 'quick'],
      ['/new', 'Choose a file'],
      [`/jobs/${id}`, 'Download video'],
      ['/workers', 'worker-1'],
    ] as const) {
      await page.goto(`${farm.url}${path}`);
      await page.getByText(shows).locator('visible=true').first().waitFor();
      const across = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(across <= 0, `${path} is ${across} px too wide at ${viewport.width} px`);
    }
    assert.deepEqual(errors, []);
    await page.close();
  }
});

test('a page that lost its connection says so, and is right again when the farm is back', async () => {
  const { submit, job } = api(farm.url);
  const page = await browser.newPage();
  const id = await submit(blends.path('steady'), { settings: { frames: '1-10', video: 'none' } });
  await page.goto(`${farm.url}/jobs/${id}`);
  await page.getByText('steady').first().waitFor();
  await farm.backend.end('SIGKILL');
  await page
    .getByRole('status')
    .filter({ hasText: /The farm does not answer|The live connection is lost/ })
    .first()
    .waitFor();
  await farm.backend.start();
  await until(async () => (await job(id)).state === 'completed', 'the job never completed', 120_000);
  await page
    .getByText(/^Completed|Done/)
    .first()
    .waitFor({ timeout: 15_000 });
  await page.close();
});
