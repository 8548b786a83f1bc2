import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ordinalOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { throttleChildren } from '../support/throttle.ts';
import { until } from '../support/until.ts';

let farm: Farm;
let blends: Blends;
before(async () => {
  [farm, blends] = await Promise.all([startFarm({ workers: 4 }), makeBlends()]);
});
after(async () => {
  await farm?.stop();
  await blends?.remove();
});

test('a job does not wait for a worker that got slow: its frame is tried on another, and the site says who was first', async () => {
  const { submit, reaches } = api(farm.url);
  const id = await submit(blends.path('steady'), { settings: { frames: '1-24', video: 'none' } });
  const leases = () =>
    farm.db
      .selectFrom('leases')
      .innerJoin('workers', 'workers.id', 'leases.worker_id')
      .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
      .innerJoin('stages', 'stages.id', 'chunks.stage_id')
      .select(['leases.id', 'leases.chunk_id', 'workers.name', 'leases.purpose', 'leases.outcome'])
      .select(['leases.started_at', 'chunks.accepted_lease_id'])
      .where('leases.job_id', '=', id)
      .where('stages.name', '=', 'render')
      .execute();
  const slow = farm.workers[0];
  const pid = slow?.pid();
  assert.ok(slow && pid !== undefined);
  const justBegun = async () => {
    const all = await leases();
    if (all.filter((it) => it.outcome === 'done').length < 8) return undefined;
    // One that is nearly done ends in time, throttled or not.
    return all.find(
      (it) => it.name === slow.name && it.outcome === null && Date.now() - (it.started_at ?? 0) < 300,
    )?.id;
  };
  let release = async () => {};
  await until(
    async () => {
      const lease = await justBegun();
      if (lease === undefined) return false;
      release = throttleChildren(pid, 0.01);
      // On a busy machine it may have ended before it was slow.
      if ((await leases()).some((it) => it.id === lease && it.outcome === null)) return true;
      await release();
      return false;
    },
    'the worker never was at a frame in the middle of the job',
    120_000,
  );
  try {
    await reaches(id, 'completed');
  } finally {
    await release();
  }
  const all = await leases();
  const backup = all.find((it) => it.purpose === 'backup' && it.outcome === 'done');
  assert.ok(backup, `no backup was first: ${JSON.stringify(all.filter((it) => it.outcome !== 'done'))}`);
  assert.equal(backup.accepted_lease_id, backup.id);
  const loser = all.find((it) => it.chunk_id === backup.chunk_id && it.id !== backup.id);
  assert.deepEqual([loser?.name, loser?.outcome], [slow.name, 'superseded']);
  assert.equal(all.filter((it) => it.outcome === 'done').length, 24);

  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${farm.url}/jobs/${id}?frame=${ordinalOfChunk(backup.chunk_id) + 1}`);
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Done, as a backup').waitFor();
    await dialog.getByText('Another worker was first').waitFor();
  } finally {
    await browser.close();
  }
});
