/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Load } from '@parallel-pilot/shared/api/load.ts';
import type { Browser } from 'playwright-core';
import { api } from '../support/api.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { writeLoadHistory } from '../support/load-history.ts';
import { until } from '../support/until.ts';

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/load-forecast/${name}`, import.meta.url));
const run = promisify(execFile);

let farm: Farm;
let browser: Browser;
let folder: string;
before(async () => {
  [farm, browser, folder] = await Promise.all([
    startFarm({ workers: 2 }),
    openBrowser(),
    mkdtemp(join(tmpdir(), 'pilot-load-')),
  ]);
});
after(async () => {
  await browser?.close();
  await farm?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a farm learns the network that forecasts its load by itself, takes it in, and shows both errors', async () => {
  const { json, upload, create, reaches, request } = api(farm.url);
  const page = await browser.newPage();
  await page.goto(`${farm.url}/workers`);
  await page.getByText(/^No history yet: a forecast needs 3 days of it/).waitFor();

  await writeLoadHistory(farm.db, 4);
  const [history, windows] = [join(folder, 'load.csv'), join(folder, 'windows.npz')];
  await writeFile(history, await (await request('GET', '/load/history.csv')).text());
  const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
  await run(python, [example('windows.py'), history, windows]);
  const job = await create({
    kind: 'training',
    script: { blob: await upload(example('network.py')), fileName: 'network.py' },
    data: { blob: await upload(windows), fileName: 'windows.npz' },
    settings: { shards: 2, rounds: 1, params: { hidden: 4 } },
  });
  await reaches(job, 'completed');

  const load = Load.parse(await json('PUT', '/load/network', { job }));
  assert.ok(load.forecast.from === 'history' && load.forecast.lstm !== null);
  const { used, holtWinters, lstm } = load.forecast;
  assert.equal(used, lstm < holtWinters ? 'lstm' : 'holt-winters');
  assert.ok(lstm > 0 && lstm < 1.5, `a network that has learnt something: ${lstm}`);
  assert.equal(load.network?.job, 'network');

  await page.reload();
  await page.getByText(`Holt-Winters ${holtWinters.toFixed(2)}, LSTM ${lstm.toFixed(2)}`).waitFor();
  await page.getByText('Forecast of both').waitFor();
  // What the training was is what the balancer wrote of it: it arrived, was done, and nothing of it waits.
  await until(
    async () => {
      const rows = await farm.db
        .selectFrom('load_by_quarter')
        .selectAll()
        .orderBy('at', 'desc')
        .limit(2)
        .execute();
      const [newest] = rows.filter(({ noted_at }) => noted_at !== null);
      const arrived = rows.reduce((sum, row) => sum + row.arrived_ms, 0);
      return newest?.workers === 2 && newest.waiting_ms === 0 && arrived > 1_000;
    },
    'the balancer never wrote what was done',
    40_000,
  );
  await page.close();
});
