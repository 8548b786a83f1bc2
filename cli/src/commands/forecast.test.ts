import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { Load } from '@parallel-pilot/shared/api/load.ts';
import { readCliConfig } from '../config.ts';
import { startSmallFarm } from '../fixtures/small-farm.ts';
import { forecastCommand } from './forecast.ts';

const HOUR = 3_600_000;
const now = new Date(2026, 0, 5, 18).getTime();
const job = 'job_00000000000000000000';
const load: Load = {
  now,
  present: { workers: 2, speed: 2, waitingMs: 40 * HOUR },
  past: [],
  future: Array.from({ length: 96 }, (_, place) => ({
    at: now + (place * HOUR) / 4,
    demandMs: HOUR / 8,
    capacityMs: HOUR / 2,
  })),
  forecast: { from: 'history', used: 'lstm', days: 14, holtWinters: 0.6, lstm: 0.5, madeAt: now },
  network: { job: 'network', takenAt: 1 },
  advice: { type: 'more-workers', workers: 2, from: now + 4 * HOUR, by: now + 12 * HOUR, endsAt: null },
};

test('the forecast is shown with its errors and what would end the queue; its history printed, a network handed in', async (t) => {
  const farm = await startSmallFarm(({ path }) => (path.startsWith('/api/v1/load') ? { body: load } : null));
  t.after(() => farm.stop());
  const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
  const run = async (...args: string[]): Promise<string> => {
    const command = forecastCommand({ config: readCliConfig({}), stdout, stderr: stdout })
      .exitOverride()
      .configureOutput({ writeErr() {} });
    await command.parseAsync(['--server', farm.url, ...args], { from: 'user' });
    return String(stdout.read() ?? '').trim();
  };
  const shown = await run('--by', '6');
  assert.match(shown, /^40\.0 h of work waits; 2 workers connected\.\n/);
  assert.match(shown, /Two more workers from 22:00 would end the queue by 06:00\./);
  assert.match(shown, /Holt-Winters 0\.60, LSTM 0\.50/);
  assert.match(shown, /\n18:00 +0\.5 h +2\.0 h\n19:00 +0\.5 h/);
  assert.ok((await run('history')).length > 0);
  assert.match(await run('use', job), /^The network is taken in\.\n/);
  const asked = farm.asked.filter(({ path }) => path.startsWith('/api/v1/load'));
  assert.match(asked[0]?.path ?? '', /^\/api\/v1\/load\?by=\d+$/);
  assert.deepEqual(
    asked.slice(1).map(({ method, path, body }) => [method, path, body]),
    [
      ['GET', '/api/v1/load/history.csv', ''],
      ['PUT', '/api/v1/load/network', JSON.stringify({ job, artifact: 'model.safetensors' })],
    ],
  );
  await assert.rejects(run('--by', '24'), /An hour is 0 to 23/);
});
