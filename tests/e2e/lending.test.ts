import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

let farm: Farm;
let blends: Blends;
before(async () => {
  [farm, blends] = await Promise.all([startFarm({ workers: 0 }), makeBlends()]);
});
after(async () => {
  await farm?.stop();
  await blends?.remove();
});

test('a worker lent from 22:00 to 06:00 with half of its threads keeps to both', async () => {
  const clock = join(farm.folder, 'clock');
  // As one write: the worker reads it at any time.
  const moveClock = async (text: string) => {
    await writeFile(`${clock}.new`, String(Date.parse(text)));
    await rename(`${clock}.new`, clock);
  };
  await moveClock('2026-11-22T12:00+01:00');
  const worker = await farm.addWorker(
    {
      ...{ PILOT_HOURS: '22:00-06:00', PILOT_TIME_ZONE: 'Europe/Berlin', PILOT_THREADS: '50%' },
      TEST_CLOCK_FILE: clock,
    },
    'tests/support/worker-with-clock.ts',
  );
  const { submit, reaches } = api(farm.url);
  const half = Math.max(1, Math.floor(availableParallelism() / 2));
  const view = async (): Promise<WorkerView | undefined> =>
    WorkerList.parse(await (await fetch(`${farm.url}/api/v1/workers`)).json()).workers[0];
  await until(async () => (await view())?.lent?.open === false, 'the worker is lent at noon');
  assert.equal((await view())?.offer?.threads, half);

  const id = await submit(blends.path('steady'), { settings: { frames: '1-12', video: 'none' } });
  const waits = async (): Promise<string> =>
    (await (await fetch(`${farm.url}/api/v1/jobs/${id}`)).json()).waiting?.message ?? '';
  const leases = () =>
    farm.db.selectFrom('leases').select(['outcome', 'started_at']).where('job_id', '=', id).execute();
  await until(
    async () =>
      (await waits()) === 'The only worker that fits is lent from Sunday 22:00 (Europe/Berlin) only.',
    'the job does not say that it waits for the hours of its worker',
  );
  assert.deepEqual(await leases(), []);

  await moveClock('2026-11-22T22:00+01:00');
  const done = async () => (await leases()).filter(({ outcome }) => outcome === 'done').length;
  await until(async () => (await done()) >= 3, 'nothing was done in its hours', 60_000);
  assert.deepEqual([...new Set(threadsOfChildren(worker.pid() ?? 0))], [half]);

  await moveClock('2026-11-23T06:00+01:00');
  await until(
    async () => (await view())?.lent?.open === false,
    'the worker did not notice that its hours are over',
  );
  await until(
    async () => (await leases()).every(({ outcome }) => outcome !== null),
    'what ran was not finished, or what had not begun was not given back',
  );
  const all = await leases();
  assert.deepEqual(
    all.filter(({ outcome }) => outcome !== 'done' && outcome !== 'released'),
    [],
  );
  assert.ok(all.length < 12);
  await until(
    async () => (await waits()).includes('lent from Monday 22:00'),
    'the job does not say why it waits',
  );
  assert.equal((await leases()).length, all.length);

  await moveClock('2026-11-23T22:00+01:00');
  await reaches(id, 'completed');
});

/** With how many threads Blender was started, by the command lines of all processes below this one. */
function threadsOfChildren(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => {
        const words = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
        const at = words.findIndex((word) => word === '-t' || word === '--threads');
        return [...(at < 0 ? [] : [Number(words[at + 1])]), ...threadsOfChildren(Number(child))];
      }),
  );
}
