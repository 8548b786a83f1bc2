import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';

const PI = fileURLToPath(new URL('../../examples/commands/pi.py', import.meta.url));

let farm: Farm;
let browser: Browser;
before(async () => {
  [farm, browser] = await Promise.all([startFarm({ workers: 2 }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
});

test('a script is dropped, run for 200 numbers, and ends as a table and a picture', async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${farm.url}/new`);
  await page.locator('input[type=file]').setInputFiles(PI);
  const command = page.getByLabel('Command', { exact: true });
  await command.waitFor();
  assert.equal(await command.inputValue(), 'python3 pi.py');
  const run = page.getByRole('button', { name: 'Run', exact: true });

  // What cannot be is said at once, beside its field.
  await command.fill('python3 pi.py --seed {indx} --points 1000');
  await page.getByText('There is no parameter {indx}.').waitFor();
  assert.ok(await run.isDisabled());
  await command.fill('python3 pi.py --seed {index} --points 1000');
  await page.getByLabel('Run it').selectOption('array');
  await page.getByLabel('Numbers').fill('1-200');
  await page.getByLabel('Put results together').selectOption('csv');
  await page.getByText('More settings').click();
  await page.getByLabel('Runs at a time').fill('20');
  const first = page.getByRole('region', { name: 'The first runs' });
  assert.match(
    (await first.innerText()).replaceAll(/\s+/g, ' '),
    /1 python3 pi\.py --seed 1 --points 1000 2 python3 .* 200 python3 pi\.py --seed 200 --points 1000$/,
  );

  await run.click();
  await page.waitForURL(/\/jobs\/job_/);
  await page
    .getByRole('progressbar', { name: /worker-1/ })
    .or(page.getByText('worker-1'))
    .first()
    .waitFor();
  const link = page.getByRole('link', { name: /^Download table\.csv/ });
  await link.waitFor({ timeout: 120_000 });
  await page.getByRole('img', { name: 'pi over index' }).waitFor();
  const rows = page.getByRole('region', { name: 'Rows of the table' });
  assert.match((await rows.innerText()).replaceAll(/\s+/g, ' '), /^run index inside pi 1 1 \d+ \d/);
  await page
    .getByRole('region', { name: 'Table of runs' })
    .getByRole('link', { name: 'pi.csv' })
    .first()
    .waitFor();
  const download = page.waitForEvent('download');
  await link.click();
  const table = await readFile(await (await download).path(), 'utf8');
  assert.equal(table.trimEnd().split('\n').length, 201);
  assert.deepEqual(errors, []);
  await page.close();
});
