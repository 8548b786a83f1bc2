/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/training/${name}`, import.meta.url));

let farm: Farm;
let browser: Browser;
before(async () => {
  [farm, browser] = await Promise.all([startFarm({ workers: 4 }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
});

test('digits over four workers through the website: drop, start, watch the curves, download the model', async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${farm.url}/new`);
  await page.locator('input[type=file]').setInputFiles([example('digits_mlp.py'), example('digits.npz')]);
  await page.getByLabel('Rounds', { exact: true }).fill('8');
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.waitForURL(/\/jobs\/job_/);

  await fourBarsAreSeen(page);
  const accuracy = page.getByRole('img', { name: /^accuracy over the rounds.*merged model 0\.\d+/ });
  await accuracy.waitFor({ timeout: 120_000 });
  assert.ok(await drawsLines(page), 'the chart of the accuracy is empty');

  const link = page.getByRole('link', { name: 'Download model.npz' });
  await link.waitFor({ timeout: 180_000 });
  const download = page.waitForEvent('download');
  await link.click();
  const saved = await download;
  assert.equal(saved.suggestedFilename(), 'model.npz');
  // A zip, of which an .npz is one.
  assert.equal((await readFile(await saved.path())).subarray(0, 2).toString(), 'PK');

  const rounds = page.getByRole('region', { name: 'Table of rounds' });
  assert.match((await rounds.textContent()) ?? '', /8.*4 of 4/s);
  const best = Number((await accuracy.getAttribute('aria-label'))?.match(/merged model (0\.\d+|1)/)?.[1]);
  assert.ok(best > 0.85, `an accuracy of ${best} after eight rounds`);

  await whatTheScriptShows(page);

  const first = page.url();
  await page.getByRole('button', { name: 'Train on from here' }).click();
  await page.getByRole('textbox', { name: 'Rounds', exact: true }).fill('1');
  assert.equal(
    await page.getByLabel('Start from').inputValue(),
    `${first.slice(first.indexOf('job_'))}@best`,
  );
  await page.getByText('More settings').click();
  await page.getByLabel('Updates are sent').selectOption('int8');
  await page.getByLabel('Largest differences alone').fill('10');
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByText(/The training starts from "digits_mlp-round-\d\.npz": 6 arrays/).waitFor();
  await link.waitFor({ timeout: 120_000 });
  const on = Number((await accuracy.getAttribute('aria-label'))?.match(/merged model (0\.\d+|1)/)?.[1]);
  assert.ok(on > 0.85, `an accuracy of ${on} after a round that goes on from ${best}`);
  await page.getByText('as int8, the largest 10 % of the differences').waitFor();
  assert.deepEqual(errors, []);
  await page.close();
});

/** The merged model's mistakes and those of shard 1, of the newest round and then of the first. */
async function whatTheScriptShows(page: Page): Promise<void> {
  const shown = page.getByRole('region', { name: 'Shown by the script' });
  const merged = shown
    .getByRole('region', { name: 'Merged model' })
    .getByRole('region', { name: 'confusion' });
  // Ten classes: of 178 held-out rows each counts once.
  const counted = async () =>
    (await merged.getByRole('cell').allTextContents()).reduce((sum, text) => sum + (Number(text) || 0), 0);
  await until(async () => (await counted()) > 100, 'the confusion matrix is empty');
  const [rows, now] = [await counted(), await merged.textContent()];
  assert.equal(await shown.getByRole('region', { name: 'Shard 1' }).getByRole('figure').count(), 2);
  const slider = shown.getByRole('slider', { name: 'Round that is shown' });
  assert.equal(await slider.getAttribute('aria-valuetext'), 'Round 8');
  await slider.focus();
  await page.keyboard.press('Home');
  await until(async () => (await merged.textContent()) !== now, 'the first round looks like the last');
  assert.equal(await counted(), rows);
  const tile = shown.getByRole('img', { name: /^\d, taken for \d$/ }).first();
  const url = await tile.evaluate((one) => getComputedStyle(one).backgroundImage.slice(5, -2));
  const picture = await page.request.get(url);
  assert.equal(picture.headers()['content-type'], 'image/webp');
}

/** Prints a line and reports for each of its steps, which take their time. */
const TALKING = `
import time
import numpy as np
import pilot

X, y = pilot.data("digits.npz")
w = pilot.weights({"w": np.zeros(4)})["w"]
steps = pilot.param("steps", 40)
for epoch in pilot.epochs(1):
    for step in range(steps):
        print("\\033[31mshard", pilot.shard, "step", step)
        pilot.report(loss=2.0 / (pilot.round + step / steps))
        time.sleep(0.1)
        w = w + 0.01
pilot.finish({"w": w}, samples=len(X), metrics={"accuracy": 1 - 0.5 ** pilot.round, "loss": 0.5 ** pilot.round})
`;

test('a training is followed while it runs, looked at as one likes, and compared with another', async () => {
  const page = await browser.newPage();
  const start = async (name: string, steps: string) => {
    await page.goto(`${farm.url}/new`);
    const script = { name: 'talking.py', mimeType: 'text/x-python', buffer: Buffer.from(TALKING) };
    const data = await readFile(example('digits.npz'));
    await page
      .locator('input[type=file]')
      .setInputFiles([script, { name: 'digits.npz', mimeType: 'application/zip', buffer: data }]);
    // What the script asks for stands there with its default.
    const value = page.getByLabel('Value of parameter 1', { exact: true });
    await value.waitFor();
    assert.equal(await page.getByLabel('Name of parameter 1', { exact: true }).inputValue(), 'steps');
    assert.equal(await value.inputValue(), '40');
    await value.fill(steps);
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Rounds', { exact: true }).fill('2');
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.waitForURL(/\/jobs\/job_/);
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  };
  await start('slowly', '40');
  const printed = page.getByRole('region', { name: 'What Round 1, shard 1 prints' });
  await printed.waitFor({ timeout: 120_000 });
  assert.match((await printed.textContent()) ?? '', /^shard 0 step \d+/);
  const percent = page.getByRole('region', { name: 'Progress of the job' });
  await until(
    async () => /^[1-9]\d?%/.test((await percent.textContent()) ?? ''),
    'nothing of the first round is counted',
  );
  await page.getByRole('img', { name: /^loss over the rounds/ }).waitFor();
  const shard = page.getByRole('button', { name: /^Shard 1 / }).first();
  await shard.click();
  assert.equal(await shard.getAttribute('aria-pressed'), 'false');
  await page.getByRole('switch', { name: 'Logarithmic' }).first().check();
  await page.getByText('Much', { exact: true }).first().click();
  assert.ok(await drawsLines(page), 'the charts are empty');
  const checkpoint = page.waitForEvent('download', { timeout: 120_000 });
  await page.getByRole('link', { name: 'best', exact: true }).click({ timeout: 120_000 });
  assert.equal((await checkpoint).suggestedFilename(), 'slowly-round-1.npz');
  assert.equal(await page.getByRole('link', { name: 'Download model.npz' }).count(), 0, 'it is over already');
  await page.getByRole('link', { name: 'Download model.npz' }).waitFor({ timeout: 120_000 });
  await start('faster', '4');
  await page.getByRole('link', { name: 'Download model.npz' }).waitFor({ timeout: 120_000 });

  await page.goto(`${farm.url}/?q=s`);
  for (const name of ['slowly', 'faster'])
    await page.getByRole('checkbox', { name: new RegExp(name) }).check();
  await page.getByRole('link', { name: 'Compare' }).click();
  await page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor();
  const both = page.getByRole('region', { name: 'Side by side' });
  await both.getByRole('img', { name: /^accuracy of each job/ }).waitFor();
  assert.match((await both.textContent()) ?? '', /Best accuracy.*steps.*fasterbest0\.754.*slowly0\.7540/s);
  await both.getByLabel('Metric').selectOption('loss');
  assert.match((await both.textContent()) ?? '', /Best loss.*0\.25/s);
  await page.close();
});

/** Its accuracy is told by its parameter. */
const SEARCHED = `
import numpy as np
import pilot

X, y = pilot.data("digits.npz")
w = pilot.weights({"w": np.zeros(4)})["w"]
for epoch in pilot.epochs(1):
    w = w + 0.01
pilot.finish({"w": w}, samples=len(X), metrics={"accuracy": pilot.param("lr", 0.1) * (1 - 0.5 ** pilot.round)})
`;

test('an ASHA sweep is started in the form, watched while it stops its losers, and leads to its best model', async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${farm.url}/new`);
  const script = { name: 'searched.py', mimeType: 'text/x-python', buffer: Buffer.from(SEARCHED) };
  const data = await readFile(example('digits.npz'));
  await page
    .locator('input[type=file]')
    .setInputFiles([script, { name: 'digits.npz', mimeType: 'application/zip', buffer: data }]);
  const value = page.getByLabel('Value of parameter 1', { exact: true });
  await value.fill('0.4, 0.3, 0.2, 0.1');
  await page.getByRole('textbox', { name: 'Rounds', exact: true }).fill('3');
  await page.getByLabel('Shards', { exact: true }).fill('1');
  await page.getByLabel('Search').selectOption('asha');
  await page.getByLabel('One in so many goes on').fill('2');
  await page.getByRole('button', { name: 'Start 4 trainings' }).click();
  await page.waitForURL(/\/sweeps\/\w+/);
  await page.getByRole('heading', { name: 'searched', level: 1 }).waitFor();

  const table = page.getByRole('region', { name: 'Trainings of the sweep' });
  await table
    .getByText(/^Stopped by its sweep after round 1: accuracy 0\.05 was not in the best half of 4\.$/)
    .waitFor({ timeout: 120_000 });
  await page.getByText(/4 of 4 over/).waitFor({ timeout: 120_000 });
  assert.ok(await drawsLines(page), 'the chart is empty');
  const firstOf = async () => (await table.getByRole('row').nth(1).textContent()) ?? '';
  assert.match(await firstOf(), /^1best0\.40\.35.*3 of 3Completed/);
  await table.getByRole('button', { name: 'lr' }).click();
  assert.match(await firstOf(), /^40\.1.*1 of 3Stopped/);

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download the best model' }).click();
  assert.equal((await download).suggestedFilename(), 'searched lr=0.4-round-3.npz');
  await table.getByRole('link', { name: 'Training 4', exact: true }).click();
  await page.waitForURL(/\/jobs\/job_/);
  await page.getByText('Stopped', { exact: true }).first().waitFor();
  await page.getByRole('link', { name: 'Open the sweep' }).click();
  await page.waitForURL(/\/sweeps\/\w+/);
  assert.deepEqual(errors, []);
  await page.close();
});

/** The bar of every worker is seen at a shard, not all at the same moment: four share two cores. */
async function fourBarsAreSeen(page: Page): Promise<void> {
  const seen = new Set<string>();
  await until(
    async () => {
      for (const bar of await page.getByRole('progressbar', { name: /^Worker / }).all())
        seen.add((await bar.getAttribute('aria-label', { timeout: 500 }).catch(() => null)) ?? '');
      return new Set([...seen].flatMap((name) => name.match(/worker-\d/)?.[0] ?? [])).size === 4;
    },
    () => `not all four workers were seen at work: ${[...seen].join(', ')}`,
    120_000,
  );
}

/** True when a canvas of the page has pixels that are not its background. */
const drawsLines = (page: Page): Promise<boolean> =>
  page.evaluate(() =>
    [...document.querySelectorAll('canvas')].some((canvas) => {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const colours = new Set<number>();
      for (let at = 0; at < pixels.length; at += 4)
        if (pixels[at + 3] !== 0) colours.add(((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8));
      return colours.size > 3;
    }),
  );
