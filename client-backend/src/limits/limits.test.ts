import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { type FarmLimits, Usage } from '@parallel-pilot/shared/api/limits.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { addBusy, monthOf } from '@parallel-pilot/shared/server/db/usage.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { startTestBackend, temporaryFolder } from '../app.fixture.ts';
import { submit } from '../jobs/submit.ts';
import {
  finishChunk,
  openStage,
  probed,
  startTestFarm,
  stateOfJob,
  storeBytes,
  type TestFarm,
} from '../jobs/test-farm.fixture.ts';
import { addKey, addSomebody, addTeam } from '../people/people.fixture.ts';

/** The shortest file that is one. */
const SCENE = Buffer.concat([Buffer.from('BLENDER-v304'), Buffer.from('ENDB'), Buffer.alloc(20)]);

type T = { after(end: () => Promise<void>): void };

const setLimits = (farm: Pick<TestFarm, 'parts'>, limits: object, of: 'teams' | 'people' = 'teams') =>
  farm.parts.db
    .updateTable(of)
    .set({ limits_json: JSON.stringify(limits) })
    .execute();

async function startFarm(t: T, databaseUrl?: string): Promise<TestFarm> {
  const farm = await startTestFarm(databaseUrl === undefined ? {} : { databaseUrl });
  t.after(() => farm.stop());
  return farm;
}

async function submitter(farm: TestFarm) {
  const { hash } = await storeBytes(farm.parts, SCENE, 'application/octet-stream');
  const request = CreateJob.parse({ kind: 'blender', source: { blob: hash, fileName: 'a.blend' } });
  return () => submit(farm.parts, farm.by, request);
}

for (const place of ['SQLite', 'MariaDB']) {
  describe(`jobs that wait, on ${place}`, () => {
    test('no more than the limit are taken in, however many come at the same moment', async (t) => {
      const server = place === 'MariaDB' ? await startMariaDb() : null;
      if (server !== null) t.after(() => server.stop());
      const farm = await startFarm(t, server?.url);
      await setLimits(farm, { waitingJobs: 3 });
      const send = await submitter(farm);
      const all = await Promise.all(Array.from({ length: 12 }, send));
      assert.equal(all.filter(({ ok }) => ok).length, 3);
      const refused = all.find((one) => !one.ok);
      assert.ok(refused !== undefined && !refused.ok && refused.code === 'limit-waiting-jobs');
      assert.equal(
        refused.message,
        'The team "Owner" has 3 jobs that wait, of 3 that may. Submit again when one has begun, or cancel one. An admin of the farm can raise this limit.',
      );
      await setLimits(farm, { waitingJobs: 'none' });
      assert.ok((await send()).ok);
      await setLimits(farm, { waitingJobs: 4 }, 'people');
      const own = await send();
      assert.ok(!own.ok && own.message.startsWith('Owner has 4 jobs that wait, of 4 that may.'));
    });
  });
}

test('the farm’s own limit holds for a team for which nothing else was set', async (t) => {
  const farm = await startFarm(t);
  farm.parts.config.teamLimits = { waitingJobs: 0 };
  const send = await submitter(farm);
  assert.equal((await send()).ok, false);
  await setLimits(farm, { waitingJobs: 1 });
  assert.equal((await send()).ok, true);
});

test('a limit reached in the middle of a job pauses it, says what to do, loses nothing, and lets it go on', async (t) => {
  const farm = await startFarm(t);
  const { parts } = farm;
  let now = Date.now();
  parts.clock = () => now;
  const sweep = async () => {
    now += 10_000;
    await parts.engine.sweep();
  };
  const job = await farm.addJob();
  await probed(parts, job);
  const stage = await openStage(parts, job);
  await setLimits(farm, { storedBytes: 5_000 });
  await sweep();
  assert.equal((await stateOfJob(parts, job)).state, 'queued');
  const frame = (ordinal: number) => ({
    result: { frame: ordinal + 1, width: 64, height: 36, renderMs: 10 },
    files: [{ name: 'frame', mediaType: 'image/png', hash: '0'.repeat(63) + ordinal, size: 3_000 }] as never,
  });
  await finishChunk(parts, stage.id, 0, frame(0));
  await sweep();
  assert.notEqual((await stateOfJob(parts, job)).state, 'paused');
  // Two were under way: both are kept, and no more are handed out.
  await finishChunk(parts, stage.id, 1, frame(1));
  await sweep();
  assert.equal((await stateOfJob(parts, job)).state, 'paused');
  const [note] = (await listNotes(parts.db, job)).filter(({ code }) => code === 'waiting-limit-stored-bytes');
  assert.match(
    note?.message ?? '',
    /^The team "Owner" has 5\.9 KB stored, of 4\.9 KB that it may store\. Delete old jobs.* An admin of the farm can raise this limit\. The job is paused until then, and goes on by itself; nothing of it is lost\.$/,
  );
  const send = await submitter(farm);
  const refused = await send();
  assert.ok(!refused.ok && refused.code === 'limit-stored-bytes');
  await sweep();
  assert.equal((await stateOfJob(parts, job)).state, 'paused');
  await setLimits(farm, { storedBytes: 50_000 });
  await sweep();
  assert.notEqual((await stateOfJob(parts, job)).state, 'paused');
  assert.deepEqual(
    (await listNotes(parts.db, job)).filter(({ code }) => code.startsWith('waiting-limit')),
    [],
  );
  const done = await parts.db.selectFrom('chunks').select('id').where('state', '=', 'done').execute();
  assert.equal(done.length, 3);
});

test('worker hours of this month are a limit, and those of the last one are not', async (t) => {
  const farm = await startFarm(t);
  const { parts } = farm;
  let now = Date.UTC(2026, 10, 30, 12);
  parts.clock = () => now;
  await setLimits(farm, { workerHours: 2 });
  await addBusy(parts.db, new Map([[parts.first.team, 7_200_000]]), monthOf(now));
  const send = await submitter(farm);
  const refused = await send();
  assert.ok(!refused.ok);
  assert.match(refused.message, /has used 2 worker hours this month, of 2\. The next month begins/);
  const job = await farm.addJob();
  await parts.engine.sweep();
  assert.equal((await stateOfJob(parts, job)).state, 'paused');
  now = Date.UTC(2026, 11, 1);
  await parts.engine.sweep();
  assert.equal((await stateOfJob(parts, job)).state, 'preparing');
  assert.ok((await send()).ok);
});

test('a team that may have no chunk at all is told, and does not wait in silence', async (t) => {
  const farm = await startFarm(t);
  await setLimits(farm, { chunksAtOnce: 0 });
  const job = await farm.addJob();
  await farm.parts.engine.sweep();
  assert.equal((await stateOfJob(farm.parts, job)).state, 'paused');
  const notes = await listNotes(farm.parts.db, job);
  assert.deepEqual(
    notes.map(({ code }) => code),
    ['waiting-limit-chunks-at-once'],
  );
});

describe('over HTTP', () => {
  const start = async (t: T) => {
    const folder = await temporaryFolder();
    const backend = await startTestBackend({ dataFolder: folder.path, host: '0.0.0.0' });
    t.after(async () => {
      await backend.stop();
      await folder.remove();
    });
    const ada = await addSomebody(backend.parts.db, 'Ada', 'admin');
    const bob = await addSomebody(backend.parts.db, 'Bob');
    const create = (bytes: number, headers = bob.headers) =>
      fetch(`${backend.url}/api/v1/uploads`, {
        method: 'POST',
        headers: { ...headers, 'tus-resumable': '1.0.0', 'upload-length': String(bytes) },
      });
    const set = (limits: object) =>
      fetch(`${backend.url}/api/v1/teams/${bob.team}/limits`, {
        method: 'PATCH',
        headers: { ...ada.headers, 'content-type': 'application/json' },
        body: JSON.stringify(limits),
      });
    return { backend, ada, bob, create, set };
  };

  test('an upload is refused before its first byte, counting what other uploads have announced', async (t) => {
    const { create, set, ada } = await start(t);
    assert.equal((await set({ uploadBytes: 1_000, storedBytes: 2_500 })).status, 200);
    const large = await create(1_001);
    const problem = Problem.parse(await large.json());
    assert.deepEqual([large.status, problem.code], [403, 'limit-upload-size']);
    assert.match(problem.detail, /may upload files of 1000 bytes at the most, and this one has 1001 bytes/);
    const all = await Promise.all(Array.from({ length: 6 }, () => create(1_000)));
    assert.equal(all.filter(({ status }) => status === 201).length, 2);
    const [full] = all.filter(({ status }) => status !== 201);
    assert.equal(Problem.parse(await full?.json()).code, 'limit-stored-bytes');
    // Of another team nothing is counted.
    assert.equal((await create(1_001, ada.headers)).status, 201);
    await set({ uploadBytes: null, storedBytes: null });
    assert.equal((await create(5_000)).status, 201);
  });

  test('used and left are shown to the team, and its limits change for nobody but an admin', async (t) => {
    const { backend, ada, bob, set } = await start(t);
    await set({ waitingJobs: 4, retentionDays: 30 });
    await set({ waitingJobs: 5, workerHours: 'none' });
    const usage = async (team: string, headers: Record<string, string>) =>
      fetch(`${backend.url}/api/v1/teams/${team}/usage`, { headers });
    const seen = Usage.parse(await (await usage(bob.team, bob.headers)).json());
    assert.deepEqual(
      [seen.team.waitingJobs, seen.person.waitingJobs, seen.retentionDays],
      [{ used: 0, most: 5, left: 5 }, { used: 0, most: null, left: null }, 30],
    );
    assert.equal((await usage(bob.team, ada.headers)).status, 404);
    assert.equal((await usage('tea_00000000', ada.headers)).status, 404);
    const shared = await addTeam(backend.parts.db, 'Film', { [bob.person]: 'owner' });
    const { headers } = await addKey(backend.parts.db, bob.person, shared);
    assert.equal((await usage(bob.team, headers)).status, 404);
    const refused = await fetch(`${backend.url}/api/v1/teams/${bob.team}/limits`, {
      method: 'PATCH',
      headers: { ...bob.headers, 'content-type': 'application/json' },
      body: '{"waitingJobs":1000}',
    });
    assert.equal(refused.status, 403);
    const list = await fetch(`${backend.url}/api/v1/limits?limit=2`, { headers: ada.headers });
    const { teams, next } = (await list.json()) as FarmLimits;
    assert.deepEqual(
      teams.map(({ name, limits, members }) => [name, limits, members]),
      [
        ['Ada', {}, 1],
        ['Bob', { waitingJobs: 5, workerHours: 'none', retentionDays: 30 }, 1],
      ],
    );
    assert.equal(next, bob.team);
    assert.equal((await set({ storedBites: 1 })).status, 400);
    assert.equal((await set({ waitingJobs: -1 })).status, 400);
  });
});
