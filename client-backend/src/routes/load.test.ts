import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Load } from '@parallel-pilot/shared/api/load.ts';
import { forecastWords } from '@parallel-pilot/shared/api/load-words.ts';
import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { addArrived, noteLoad, setOpen } from '@parallel-pilot/shared/server/db/load.ts';
import { startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';
import { rhythmOfWork } from '../forecast/rhythm.fixture.ts';
import { DAY, endOf, WEEK } from '../forecast/series.ts';

describe('the load of a farm', () => {
  const series = rhythmOfWork({ weeks: 5, holiday: 24 });
  const now = endOf(series) + QUARTER_MS / 2;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let backend: TestBackend;
  before(async () => {
    folder = await temporaryFolder();
    backend = await startTestBackend({ dataFolder: folder.path, clock: () => now });
  });
  after(async () => {
    await backend?.stop();
    await folder?.remove();
  });
  const fetchLoad = async () => {
    const response = await fetch(`${backend.url}/api/v1/load?by=${now + 4 * 3_600_000}`);
    return Load.parse(await response.json());
  };

  test('without a history it says so, and takes the present to last', async () => {
    const load = await fetchLoad();
    assert.equal(load.present, null);
    assert.deepEqual(load.past, []);
    assert.match(
      forecastWords(load),
      /^No history yet: a forecast needs 3 days of it, and there is less than one\./,
    );
    assert.ok(
      load.future.length === DAY &&
        load.future.every(({ demandMs, capacityMs }) => demandMs + capacityMs === 0),
    );
    const table = await (await fetch(`${backend.url}/api/v1/load/history.csv`)).text();
    assert.equal(table, 'at_ms,demand_ms,capacity_ms\r\n');
  });

  test('with weeks of it the next day is forecast, and what would end the queue by a time', async () => {
    const { db } = backend.parts;
    const quarters = [...series.values].map(
      (value, place) => [series.from + place * QUARTER_MS, value] as const,
    );
    const noted = { waiting_ms: 0, capacity_ms: 2 * QUARTER_MS, speed: 2, workers: 2 };
    for (let at = 0; at < quarters.length; at += 1_000)
      await noteLoad(
        db,
        quarters.slice(at, at + 1_000).map(([time]) => ({ at: time, ...noted, noted_at: time })),
      );
    for (let at = 0; at < quarters.length; at += 1_000)
      await addArrived(db, new Map(quarters.slice(at, at + 1_000)));
    // Twenty hours of work wait now, of which the balancer said so five seconds ago.
    const open = 20 * 4 * QUARTER_MS;
    await noteLoad(db, [{ ...noted, at: endOf(series), waiting_ms: open, noted_at: now - 5_000 }]);
    await setOpen(db, new Map([[endOf(series), open]]));
    await backend.parts.forecast.renew();

    const load = await fetchLoad();
    assert.ok(load.forecast.from === 'history' && load.forecast.used === 'holt-winters');
    assert.ok(load.forecast.holtWinters < 0.7 && load.forecast.lstm === null);
    assert.match(forecastWords(load), /Holt-Winters 0\.\d\d, no LSTM has been learnt on this farm/);
    assert.equal(load.past.length, 2 * DAY - 1);
    // The next day is a Monday, on which work comes by day and hardly at night.
    const demand = load.future.map(({ demandMs }) => demandMs);
    const sum = (from: number, to: number) => demand.slice(4 * from, 4 * to).reduce((a, b) => a + b, 0);
    assert.ok(sum(9, 13) > 4 * sum(1, 5), `${sum(9, 13)} ${sum(1, 5)}`);
    assert.ok(load.future.every(({ capacityMs }) => Math.abs(capacityMs - 2 * QUARTER_MS) < 1_000));
    assert.equal(load.advice.type, 'more-workers');
  });

  test('what a network learns from leaves out what it is judged by', async () => {
    const response = await fetch(`${backend.url}/api/v1/load/history.csv`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/csv/);
    const lines = (await response.text()).trimEnd().split('\r\n');
    assert.equal(lines.length, 1 + 3 * WEEK);
    const [at, demand] = (lines.at(-1) ?? '').split(',').map(Number);
    assert.equal(at, endOf(series) - (2 * WEEK + 1) * QUARTER_MS);
    assert.equal(demand, Math.round(series.values[3 * WEEK - 1] ?? 0));
  });

  test('a job that is not there, or came to something else, is no network', async () => {
    const response = await fetch(`${backend.url}/api/v1/load/network`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ job: 'job_000000000000' }),
    });
    assert.equal(response.status, 404);
  });
});
