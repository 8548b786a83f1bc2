/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import type { RunsOn } from '@parallel-pilot/shared/model/dependencies.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Browser } from 'playwright-core';
import { findings } from '../support/accessibility.ts';
import { api } from '../support/api.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';

let farm: Farm;
let browser: Browser;
before(async () => {
  [farm, browser] = await Promise.all([startFarm({ workers: 2 }), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
});

const standIn = (name: string): JobId => `job_${name.replace('.', '').padStart(12, 'x')}` as JobId;
const job = (
  name: string,
  script: string,
  needs: Record<string, RunsOn> = {},
): CreatePipeline['jobs'][number] => ({
  name,
  matrix: name.split('.')[0],
  id: standIn(name),
  job: {
    kind: 'command',
    name,
    words: ['sh', '-c', script],
    after: Object.entries(needs).map(([one, on]) => ({ job: standIn(one), on })),
  },
});

test('a pipeline is a graph with live states, is gone on with from what failed, canceled and deleted, by keyboard too', async () => {
  const parts = Array.from({ length: 12 }, (_, index) => `part.${index + 1}`);
  const request: CreatePipeline = {
    request: 'website',
    name: 'nightly',
    source: { name: 'nightly.yaml', text: 'jobs: a source' },
    parameters: { runs: '12' },
    jobs: [
      job('make', 'true'),
      ...parts.map((name) => job(name, 'true', { make: 'success' })),
      job('broken', 'exit 3', { make: 'success' }),
      job('report', 'true', Object.fromEntries([...parts, 'broken'].map((name) => [name, 'success']))),
      job('tell', 'sleep 600', { broken: 'failure' }),
    ],
  };
  await api(farm.url).json('POST', '/pipelines', request);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(farm.url);
  await page.getByRole('link', { name: 'Pipelines' }).click();
  await page.getByRole('link', { name: /^nightly/ }).click();

  const graph = page.getByRole('application', { name: 'Jobs of the pipeline, and what each runs after' });
  // What was opened while jobs ran shows what becomes of them.
  await graph.getByRole('link', { name: /^broken Failed/ }).waitFor({ timeout: 30_000 });
  await graph.getByRole('link', { name: /^report Canceled/ }).waitFor();
  await graph.getByRole('link', { name: /^tell Running/ }).waitFor({ timeout: 30_000 });
  const matrix = graph.getByRole('button', { name: /^part × 12 12 completed/ });
  await matrix.waitFor({ timeout: 30_000 });
  assert.equal(await graph.locator('.react-flow__node').count(), 5);
  assert.equal(await graph.locator('.react-flow__edge').count(), 5);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await matrix.waitFor();
    assert.deepEqual(await findings(page), []);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `the page is ${wide} wide`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  const rows = page.getByRole('region', { name: 'Jobs of the pipeline' }).locator('tbody tr');
  assert.equal(await rows.count(), 16);
  await matrix.focus();
  await page.keyboard.press('Enter');
  assert.equal(await rows.count(), 12);

  await page.getByRole('button', { name: 'Go on from what failed' }).click();
  await graph.getByRole('link', { name: /^report (Waiting for others|Canceled)/ }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the pipeline' }).click();
  await page.getByText(/^(Canceled|Failed): 13 of 16 jobs completed/).waitFor();

  await graph.getByRole('link', { name: /^make/ }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/jobs\/job_/);
  await page.getByRole('link', { name: 'nightly' }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No pipeline yet').waitFor();
  assert.deepEqual((await api(farm.url).json('GET', '/jobs')).jobs, []);
  assert.deepEqual(errors, []);
  await page.close();
});

test('a template is run with values of a form, which refuses those that cannot be', async () => {
  const { id, name, matrix, job: made } = job('make', 'echo {parameters.rows}');
  await api(farm.url).json('PUT', '/templates', {
    name: 'rows',
    parameters: { rows: { default: 3, min: 1, max: 9, description: 'How many.' } },
    jobs: [{ id, name, matrix, job: made }],
  });
  const page = await browser.newPage();
  await page.goto(`${farm.url}/pipelines`);
  await page.getByRole('link', { name: /^rows/ }).click();
  const field = page.getByRole('textbox', { name: 'rows' });
  assert.equal(await field.inputValue(), '3');
  await field.fill('10');
  await page.getByText('It has to be 9 at the most.').waitFor();
  assert.deepEqual(await findings(page), []);
  await field.fill('5');
  await page.getByRole('button', { name: 'Run the pipeline' }).click();
  await page.waitForURL(/\/pipelines\/pip_/);
  await page.getByText('Completed: 1 of 1 job completed').waitFor({ timeout: 30_000 });
  const { jobs } = await api(farm.url).json('GET', '/jobs');
  const file = await fetch(`${farm.url}/api/v1/jobs/${jobs[0].id}/runs/1/file?path=pilot.out`);
  assert.equal(await file.text(), '5\n');

  // The pipeline that it made is kept in its turn, with the value that it was given.
  await page.getByRole('button', { name: 'Save as template' }).click();
  const dialog = page.getByRole('dialog', { name: 'Save as template' });
  await dialog.getByRole('textbox', { name: 'Name' }).press('Enter');
  await dialog.getByText('There is a template "rows" already.').waitFor();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await findings(page), []);
  }
  await page.keyboard.press('Control+A');
  await page.keyboard.type('five rows');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/templates\/tpl_/);
  await field.waitFor();
  assert.equal(await field.inputValue(), '5');
  await page.goto(`${farm.url}/pipelines`);
  await page.getByRole('link', { name: /^five rows/ }).waitFor();
  await page.close();
});
