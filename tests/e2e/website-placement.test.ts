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
  await page.getByRole('button', { name: 'What each part needs' }).click();
  await page.getByRole('textbox', { name: 'Threads' }).fill('1000');
  await page.getByText(/ does not offer 1000 threads\.$/).waitFor();
  await page.getByRole('textbox', { name: 'Threads' }).fill('1');
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
  await page
    .getByText(
      /^Due tomorrow, 08:00\. It is expected in time, with .* to spare, if as many workers stay as now\.$/,
    )
    .waitFor();
  await reaches(id, 'completed');
  await page.getByText(/It was done .* before its deadline\./).waitFor();
  assert.deepEqual((await job(id)).placement?.pools, ['film']);
  const row = await farm.db.selectFrom('jobs').select('asked_json').where('id', '=', id).executeTakeFirst();
  assert.deepEqual(JSON.parse(row?.asked_json ?? '{}'), { threads: 1 });
  await page.close();
});

test('whoever lends a machine changes its tags and hours on the site, and a job waits for these', async () => {
  const page = await browser.newPage();
  await page.goto(`${farm.url}/workers`);
  await page.locator('article h2 a').click();
  await page.getByText('Lent now.').waitFor();
  await page.getByRole('combobox', { name: 'Tags' }).fill('quiet');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('list', { name: 'Tags' }).getByText('quiet').waitFor();

  const lent = page.getByRole('region', { name: 'What is lent' });
  const save = lent.getByRole('button', { name: 'Lend it so' });
  await lent.getByLabel('When').selectOption('Every day, at certain hours');
  await lent.getByLabel('From').fill('');
  await save.click();
  await lent.getByText('Say from when to when it is lent.').waitFor();
  // An hour that begins in a while, whenever this is run.
  const hour = (more: number) => new Date(Date.now() + more * 3_600_000).toISOString().slice(11, 16);
  const [from, to] = [hour(6), hour(8)];
  await lent.getByLabel('From').fill(from);
  await lent.getByLabel('To', { exact: true }).fill(to);
  await lent.getByRole('combobox', { name: 'By the clocks of' }).fill('UTC');
  await page.getByRole('option', { name: 'UTC', exact: true }).click();
  await save.click();
  await page
    .getByText(/^Not lent now, but from \w+day \d\d:\d\d on\.$/)
    .first()
    .waitFor();
  await page.getByText(`${from}-${to} (UTC)`).waitFor();

  const { submit, reaches } = api(farm.url);
  const id = await submit(blends.path('quick'), { settings: { frames: '1-2', video: 'none' } });
  await page.goto(`${farm.url}/jobs/${id}`);
  await page
    .getByText(
      new RegExp(`Why it waits: The only worker that fits is lent from \\w+day ${from} \\(UTC\\) only\\.`),
    )
    .waitFor();
  await page.goBack();
  await lent.getByLabel('When').selectOption('Always');
  await save.click();
  await page.getByText('Lent now.').waitFor();
  await reaches(id, 'completed');
  await page.close();
});
