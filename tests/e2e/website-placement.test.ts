/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Browser } from 'playwright-core';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';

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

test('a job for a pool by tomorrow says that no worker is in it, runs once one is, and tells when it is done and that this is in time', async () => {
  const page = await browser.newPage();
  const { json, job, reaches } = api(farm.url);
  await page.goto(`${farm.url}/new`);
  await page.getByText('The one connected worker fits.').waitFor();
  await page.getByRole('combobox', { name: 'Pools' }).fill('film');
  await page.keyboard.press('Enter');
  // Said before anything is submitted.
  await page.getByText(/^The one connected worker does not fit/).waitFor();
  await page.getByText(/ is not in the pool film\.$/).waitFor();
  await page.getByRole('button', { name: 'Tomorrow 08:00' }).click();
  await page.getByText(/^Whether the deadline is met cannot be told yet/).waitFor();
  await page.locator('input[type=file]').first().setInputFiles(blends.path('quick'));
  await page.waitForURL('**/jobs/job_*');
  const id = new URL(page.url()).pathname.split('/').at(-1) as JobId;
  await page.getByText('Why it waits: No connected worker is in the pool film.').waitFor();
  await page.getByText('Only on workers in the pool film.').waitFor();
  await page.getByText('Due tomorrow, 08:00.').waitFor();
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await page.getByText('No connected worker is in the pool film.').waitFor();

  await page.getByRole('link', { name: 'Workers', exact: true }).click();
  await page.locator('article h2 a').click();
  await page.getByRole('combobox', { name: 'Pools' }).fill('film');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('list', { name: 'Pools' }).getByText('film').waitFor();
  await page.goto(`${farm.url}/jobs/${id}`);
  // It was looked into, and waits for settings.
  await page.getByRole('button', { name: /^(Render|Start)/ }).waitFor();
  await page.getByText('Why it waits').waitFor({ state: 'detached' });
  await json('PUT', `/jobs/${id}/settings`, { frames: '1-300' });
  await page.getByText(/^done (in|at|between|tomorrow) /).waitFor();
  await page.getByText(/^Due tomorrow, 08:00\. It is expected in time, with .* to spare\.$/).waitFor();
  await reaches(id, 'completed');
  await page.getByText(/It was done .* before its deadline\./).waitFor();
  assert.deepEqual((await job(id)).placement?.pools, ['film']);
  await page.close();
});
