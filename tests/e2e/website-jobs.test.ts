/// <reference lib="dom" />
import assert from 'node:assert/strict';
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
before(async () => {
  [farm, browser, blends] = await Promise.all([startFarm({ workers: 1 }), openBrowser(), makeBlends()]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await blends?.remove();
});

const rows = (page: Page) => page.getByRole('list', { name: 'Jobs' }).locator('strong');
async function shown(page: Page, wanted: string[]): Promise<void> {
  let seen: string[] = [];
  await until(
    async () => {
      seen = await rows(page).allTextContents();
      return seen.join() === wanted.join();
    },
    () => `the list shows ${seen.join(', ')} and not ${wanted.join(', ')}`,
  );
}

test('many jobs: search, filters with counts, orders, a selected range, and Ctrl-K', async () => {
  const { submit, reaches, json } = api(farm.url);
  const made: JobId[] = [];
  for (const name of ['sky 1', 'sky 2', 'sky 3', 'alley 1', 'alley 2'])
    made.push(await submit(blends.path('quick'), { name, review: true }));
  for (const id of made) await reaches(id, 'ready');
  const bad = await submit(blends.path('no-camera'), { name: 'sky of stones' });
  await reaches(bad, 'failed');

  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(farm.url);
  await shown(page, ['alley 2', 'alley 1', 'sky 3', 'sky 2', 'sky 1', 'sky of stones']);
  await page.getByRole('link', { name: 'All 6' }).waitFor();

  await page.keyboard.press('/');
  await page.keyboard.type('SKY');
  await shown(page, ['sky 3', 'sky 2', 'sky 1', 'sky of stones']);
  await page.getByRole('link', { name: 'Failed 1' }).waitFor();
  await page.getByLabel('Order of the jobs').selectOption('name');
  await shown(page, ['sky 1', 'sky 2', 'sky 3', 'sky of stones']);

  // A click, and with shift one three rows below: all between.
  await page.getByLabel('Select sky 1', { exact: true }).check();
  await page.getByLabel('Select sky 3', { exact: true }).click({ modifiers: ['Shift'] });
  const bar = page.getByRole('region', { name: 'Selected jobs' });
  await bar.getByText('3 jobs selected').waitFor();
  await bar.getByRole('button', { name: 'Priority' }).click();
  await page.getByRole('menuitem', { name: 'Before the others' }).click();
  await until(async () => (await json('GET', `/jobs/${made[1]}`)).priority === 50, 'the priority is not set');
  await until(async () => (await bar.count()) === 0, 'the selection stays after it was worked on');

  await page.getByLabel('Select sky 2', { exact: true }).check();
  await page.getByLabel('Select sky of stones').check();
  await bar.getByRole('button', { name: 'Cancel 1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 1 job' }).click();
  await until(async () => (await json('GET', `/jobs/${made[1]}`)).state === 'canceled', 'it is not canceled');
  await page.getByRole('link', { name: 'Canceled 1' }).click();
  await shown(page, ['sky 2']);
  await page.goBack();

  await page.getByLabel('Select sky 1', { exact: true }).check();
  await bar.getByRole('button', { name: 'Select all 4' }).click();
  await bar.getByRole('button', { name: 'Delete 4' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 4 jobs' }).click();
  await page.getByText('No job is called “SKY”').waitFor();
  await until(async () => (await json('GET', '/jobs')).total === 2, 'they are not deleted');

  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find a job or a page' }).fill('alley 1');
  await page.getByRole('option', { name: /alley 1/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/jobs/${made[3]}`);
  assert.deepEqual(errors, []);
  await page.close();
});

test('after a cancel every frame is counted once', async () => {
  const { submit } = api(farm.url);
  const id = await submit(blends.path('steady'), { settings: { frames: '1-48' } });
  const page = await browser.newPage();
  await page.goto(`${farm.url}/jobs/${id}`);
  const legend = page.getByRole('list', { name: 'The frames by state' });
  await legend.getByText(/\d done/).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click();
  const seen = new Set<number>();
  await until(async () => {
    const text = (await legend.textContent()) ?? '';
    seen.add([...text.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0));
    return /canceled/.test(text) && !/rendering|queued|next up/.test(text);
  }, 'the frames are not canceled');
  assert.deepEqual([...seen], [48], 'sums of the counts that were shown');
  await page.close();
});
