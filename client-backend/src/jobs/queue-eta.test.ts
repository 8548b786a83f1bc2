import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { withQueueEta } from './queue-eta.ts';

const HOUR = 4 * QUARTER_MS;
const now = 480 * HOUR;
/** Two workers, and from two hours on four. */
const outlook = async () => ({
  now,
  waitingMs: 10 * HOUR,
  quarters: Array.from({ length: 96 }, (_, place) => ({
    at: now + place * QUARTER_MS,
    demandMs: 0,
    capacityMs: (place < 8 ? 2 : 4) * QUARTER_MS,
  })),
});
const job = (change: Partial<JobSummary>): JobSummary =>
  ({
    state: 'queued',
    etaSeconds: null,
    counts: { total: 3, queued: 3, leased: 0, running: 0, done: 0, failed: 0, canceled: 0 },
    waiting: { code: 'busy', message: '' },
    ...change,
  }) as JobSummary;

test('a job that has not begun is expected when all that waits is done, by the capacity that is forecast', async () => {
  const etas = async (jobs: JobSummary[], whole = true) =>
    (await withQueueEta({ outlook }, jobs, () => whole)).map(({ etaSeconds }) => etaSeconds);
  const jobs = [
    job({}),
    job({ etaSeconds: 7 }),
    job({ state: 'running' }),
    // It waits for what may never come.
    job({ waiting: { code: 'no-worker', message: '' } }),
    job({ waiting: null }),
  ];
  assert.deepEqual(await etas(jobs), [3.5 * 3_600, 7, null, null, null]);
  assert.deepEqual(await etas([job({})], false), [null]);
});

test('nobody is asked for a forecast while no job waits for workers', async () => {
  const never = { outlook: () => assert.fail('asked') };
  assert.equal((await withQueueEta(never, [job({ state: 'running' })], () => true)).length, 1);
});
