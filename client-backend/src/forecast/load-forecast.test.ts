import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import type { DayForecast } from '@parallel-pilot/shared/protocol/control.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { noteLoad } from '@parallel-pilot/shared/server/db/load.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { temporaryFolder } from '../app.fixture.ts';
import { createLoadForecast } from './load-forecast.ts';
import { START } from './rhythm.fixture.ts';
import { DAY, WEEK } from './series.ts';

test('the load balancer is told how many workers come by night, once there is a history', async (t) => {
  const folder = await temporaryFolder();
  const db = connectDatabase(`sqlite:${join(folder.path, 'farm.sqlite')}`);
  t.after(async () => {
    await db.destroy();
    await folder.remove();
  });
  await migrate(db);
  const told: DayForecast[] = [];
  // After three weeks, at 18:00.
  const now = START + (3 * WEEK + 72) * QUARTER_MS + 60_000;
  const deps = { db, log: createLog('test', 'silent'), tell: (it: DayForecast) => void told.push(it) };
  const forecast = createLoadForecast({ ...deps, clock: () => now });
  assert.equal((await forecast.made()).forecast, null);
  assert.equal(told.length, 0);

  const rows = Array.from({ length: 3 * WEEK + 72 }, (_, quarter) => {
    const hour = (quarter % DAY) / 4;
    const workers = hour >= 22 || hour < 8 ? 10 : 2;
    const at = START + quarter * QUARTER_MS;
    return { at, waiting_ms: 0, capacity_ms: workers * QUARTER_MS, speed: workers, workers, noted_at: at };
  });
  for (let from = 0; from < rows.length; from += 1_000) await noteLoad(db, rows.slice(from, from + 1_000));
  await forecast.renew();
  const [{ at, quarters } = { at: 0, quarters: [] }] = told;
  assert.ok(now - at >= 0 && now - at < QUARTER_MS && quarters.length === DAY);
  const workersAt = (hours: number) => (quarters[4 * hours]?.capacityMs ?? 0) / QUARTER_MS;
  assert.ok(workersAt(2) < 3 && workersAt(6) > 9, `${workersAt(2)} by day, ${workersAt(6)} by night`);
});
