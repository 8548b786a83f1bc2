/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { findings } from '../support/accessibility.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/training/${name}`, import.meta.url));

let farm: Farm;
let browser: Browser;
let blends: Blends;
let [rendered, ready, failed, trained]: JobId[] = [];
before(async () => {
  [farm, browser, blends] = await Promise.all([startFarm({ workers: 2 }), openBrowser(), makeBlends()]);
  const { submit, reaches, create, upload } = api(farm.url);
  rendered = await submit(blends.path('quick'), { settings: { frames: '1-6' } });
  ready = await submit(blends.path('quick'), { review: true });
  failed = await submit(blends.path('no-camera'));
  trained = await create({
    kind: 'training',
    script: { blob: await upload(example('digits_softmax.py')), fileName: 'digits_softmax.py' },
    data: { blob: await upload(example('digits.npz')), fileName: 'digits.npz' },
    settings: { shards: 2, rounds: 2 },
  });
  await reaches(rendered, 'completed');
  await reaches(ready, 'ready');
  await reaches(failed, 'failed');
  await reaches(trained, 'completed');
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await blends?.remove();
});

type Look = { name: string; path: () => string; shows: RegExp; open?(page: Page): Promise<void> };
const LOOKS: Look[] = [
  { name: 'the jobs', path: () => '/', shows: /quick/ },
  { name: 'no job found', path: () => '/?q=nothing', shows: /No job is called/ },
  {
    name: 'selected jobs, asked whether to delete them',
    path: () => '/',
    shows: /quick/,
    async open(page) {
      await page
        .getByLabel(/^Select /)
        .first()
        .check();
      await page.getByRole('button', { name: 'Delete 1' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'the palette',
    path: () => '/',
    shows: /quick/,
    async open(page) {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByRole('option').first().waitFor();
    },
  },
  {
    name: 'light or dark',
    path: () => '/',
    shows: /quick/,
    async open(page) {
      await page.getByRole('button', { name: 'Light or dark' }).click();
      await page.getByRole('menu').waitFor();
    },
  },
  { name: 'a render', path: () => `/jobs/${rendered}`, shows: /Download video/ },
  {
    name: 'a frame',
    path: () => `/jobs/${rendered}?frame=2`,
    shows: /Download video/,
    open: (page) => page.getByRole('dialog').waitFor(),
  },
  ...(['play', 'compare', 'sheet'] as const).map((look) => ({
    name: `finished frames, ${look}`,
    path: () => `/jobs/${rendered}?look=${look}`,
    shows: /Finished frames/,
    open: async (page: Page) => void (await page.getByRole('dialog').locator('img').first().waitFor()),
  })),
  {
    name: 'more about a job',
    path: () => `/jobs/${rendered}`,
    shows: /Download video/,
    async open(page) {
      await page.getByRole('button', { name: 'More about this job' }).click();
      await page.getByRole('menu').waitFor();
    },
  },
  { name: 'notifications', path: () => '/notifications', shows: /Add a webhook/ },
  { name: 'a job that failed', path: () => `/jobs/${failed}`, shows: /no camera/ },
  { name: 'the settings of a render', path: () => `/jobs/${ready}`, shows: /Start rendering/ },
  {
    name: 'a preset to be kept',
    path: () => `/jobs/${ready}`,
    shows: /Start rendering/,
    async open(page) {
      await page.getByRole('button', { name: 'Keep as a preset' }).click();
      await page.getByLabel('Name of the preset').fill('Mine');
      await page.getByLabel('Name of the preset').press('Enter');
      await page.getByLabel('Preset', { exact: true }).waitFor();
    },
  },
  {
    name: 'asked whether to cancel',
    path: () => `/jobs/${ready}`,
    shows: /Start rendering/,
    async open(page) {
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'a training', path: () => `/jobs/${trained}`, shows: /Download model/ },
  { name: 'trainings side by side', path: () => `/compare?job=${trained}`, shows: /Side by side/ },
  { name: 'the workers', path: () => '/workers', shows: /worker-1/ },
  { name: 'a new job', path: () => '/new', shows: /Choose a file/ },
  {
    name: 'the settings of a training',
    path: () => '/new',
    shows: /Choose a file/,
    async open(page) {
      const files = [example('digits_softmax.py'), example('digits.npz')];
      await page.locator('input[type=file]').setInputFiles(files);
      await page.getByRole('button', { name: 'Start training' }).waitFor();
      await page.getByText('On the farm').waitFor();
    },
  },
  { name: 'no page', path: () => '/nowhere', shows: /There is no such page/ },
];

test('axe-core finds nothing on any page, dialog and menu, light and dark', async () => {
  const found: string[] = [];
  // One for all, which loads the site once.
  const context = await browser.newContext({ colorScheme: 'light', reducedMotion: 'reduce' });
  for (const { name, path, shows, open } of LOOKS) {
    const page = await context.newPage();
    await page.goto(`${farm.url}${path()}`);
    await page.getByText(shows).locator('visible=true').first().waitFor();
    await open?.(page);
    found.push(...(await findings(page)).map((one) => `${name}: ${one}`));
    await page.emulateMedia({ colorScheme: 'dark' });
    // The page is told by an event of its own, some time later.
    await page.locator('html[data-mantine-color-scheme=dark]').waitFor({ state: 'attached' });
    found.push(...(await findings(page, ['color-contrast'])).map((one) => `${name}, dark: ${one}`));
    await page.close();
  }
  await context.close();
  assert.deepEqual(found, []);
});

test('after Escape the focus is where it was, also when what opened the dialog is gone', async () => {
  const page = await browser.newPage();
  await page.goto(`${farm.url}/jobs/${rendered}`);
  const dialog = page.getByRole('dialog');
  const isFocused = (name: string) =>
    until(
      () => page.getByRole('button', { name }).evaluate((one) => one === document.activeElement),
      `"${name}" does not have the focus`,
    );
  await page.getByRole('button', { name: 'Frame 2: done' }).press('Enter');
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await isFocused('Frame 2: done');
  // It has the focus back before the drawer has slid away.
  await dialog.waitFor({ state: 'hidden' });

  await page.getByRole('button', { name: 'More about this job' }).press('Enter');
  await page.getByRole('menuitem', { name: 'Delete the job' }).press('Enter');
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await isFocused('More about this job');

  await page.goto(`${farm.url}/jobs/${rendered}?frame=4`);
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await isFocused('Frame 4: done');
  await page.close();
});

test('bars and cells keep their colours where the system forces its own', async () => {
  const page = await browser.newPage({ forcedColors: 'active' });
  await page.goto(`${farm.url}/jobs/${rendered}`);
  for (const part of [
    page.getByRole('button', { name: 'Frame 2: done' }),
    page.getByRole('progressbar', { name: 'Whole job' }),
  ]) {
    const { channels } = await sharp(await part.screenshot()).stats();
    const [red, green] = channels.map((channel) => channel.mean);
    assert.ok(red !== undefined && green !== undefined && green - red > 30, `no green: ${red}, ${green}`);
  }
  await page.close();
});

test('the tip of the timeline is not cut off at the edges of its panel', async () => {
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.goto(`${farm.url}/jobs/${rendered}`);
  const canvas = page.getByRole('img', { name: /^Timeline of the workers/ });
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  assert.ok(box);
  const tip = page.locator('[data-tip]');
  for (let x = box.width - 3; x > 0 && !(await tip.isVisible()); x -= 6) {
    for (const lane of [15, 45])
      if (!(await tip.isVisible())) await page.mouse.move(box.x + x, box.y + 24 + lane);
  }
  const seen = await tip.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const corners = [
      [left + 5, top + 5],
      [right - 5, top + 5],
      [left + 5, bottom - 5],
      [right - 5, bottom - 5],
    ] as const;
    element.style.pointerEvents = 'auto';
    return corners.map(([x, y]) => element.contains(document.elementFromPoint(x, y)));
  });
  assert.deepEqual(seen, [true, true, true, true]);
  await page.close();
});
