import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const rows = page.getByRole('region', { name: 'Rows of the table' }).first();
  assert.match((await rows.innerText()).replaceAll(/\s+/g, ' '), /^run index inside pi 1 1 \d+ \d/);
  const runs = page.getByRole('region', { name: 'Table of runs' });
  await runs.getByRole('button', { name: 'pi.csv' }).first().click();
  const shown = runs.getByRole('region', { name: 'Rows of the table' });
  await shown.waitFor();
  assert.match((await shown.innerText()).replaceAll(/\s+/g, ' '), /^inside pi \d+ \d/);
  const download = page.waitForEvent('download');
  await link.click();
  const table = await readFile(await (await download).path(), 'utf8');
  assert.equal(table.trimEnd().split('\n').length, 201);
  assert.deepEqual(errors, []);
  await page.close();
});

test('a folder is chosen: its table gives the runs, or its files do, and what is none of it stays here', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-folder-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'in'));
  await mkdir(join(folder, '__pycache__'));
  const files = { 'sim.py': 'pass', 'params.csv': 'a,b\n1,2\n3,4\n', 'in/x.txt': 'x', 'in/y.txt': 'y' };
  for (const [path, text] of Object.entries({ ...files, '__pycache__/sim.pyc': 'z' }))
    await writeFile(join(folder, path), text);
  const page = await browser.newPage();
  await page.goto(`${farm.url}/new`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'A folder' }).click();
  await (await chooser).setFiles(folder);
  const command = page.getByLabel('Command', { exact: true });
  await command.waitFor();
  assert.equal(await command.inputValue(), 'python3 sim.py');
  const given = page.getByRole('region', { name: 'Files' }).getByRole('listitem');
  assert.equal(await given.count(), 4);
  const runs = page.getByRole('region', { name: 'The first runs' });
  const shows = (text: string) => runs.getByText(text, { exact: true }).waitFor();

  await page.getByLabel('Run it').selectOption('table');
  await command.fill('python3 sim.py {b}');
  await shows('python3 sim.py 4');
  await page.getByLabel('Run it').selectOption('files');
  await command.fill('python3 sim.py {input}');
  await shows('python3 sim.py in/y.txt');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL(/\/jobs\/job_/);
  await page
    .getByRole('region', { name: 'Table of runs' })
    .getByText('in/y.txt')
    .waitFor({ timeout: 60_000 });
  await page.close();
});
