import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { freePort } from '../support/farm.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';
import { until } from '../support/until.ts';
import { buildImages, prepareEngine, type Stack, stackOf } from './containers.ts';
import { makeAccount } from './make-account.ts';

/**
 * `npm run test:compose`: the farm of docker-compose.yml in real containers, of which each is killed (-9) while a
 * scene is rendered and a model trained. Takes minutes and needs podman, so it is not part of `npm test`. With
 * `-- --keep-images` those of the last time are taken.
 */
const MINUTES = 60_000;

describe('the farm of docker-compose.yml', { timeout: 40 * MINUTES }, () => {
  let stack: Stack;
  let blends: Blends;
  let trainings: Trainings;
  let url: string;
  let key: string;
  /** Of two people, in a team each. */
  let keys: [string, string];
  before(async () => {
    const told = timed('set-up');
    await prepareEngine();
    told('podman is ready');
    if (!process.argv.includes('--keep-images')) await buildImages();
    told('images are built');
    [blends, trainings] = await Promise.all([makeBlends(), makeTrainings()]);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    stack = stackOf(`pilot-test-${randomBytes(3).toString('hex')}`, {
      PILOT_PORT: String(port),
      PILOT_BALANCER_PORT: String(await freePort()),
      PILOT_THREADS: '1',
    });
    await stack.up();
    told('containers are made');
    const one = async (service: string) => (await stack.containers(service))[0] ?? '';
    await until(async () => (await fetch(`${url}/readyz`)).ok, 'the farm is not ready', 5 * MINUTES);
    const backend = await one('backend');
    const inLog = async () => /makes their account here.*: (\S+)/.exec(await stack.log(backend))?.[1];
    const welcome = await until(inLog, "the backend's log has no link for the first admin");
    const invite = ['pilot', 'accounts', 'invite', '--email', 'bob@example.org'];
    const invited = await stack.exec(backend, invite);
    keys = [await makeAccount(url, welcome, 'Ann'), await makeAccount(url, invited, 'Bob')];
    [key] = keys;
    await until(async () => (await workersOnline(url, key)) === 2, 'two workers did not join', 5 * MINUTES);
    told('the farm is ready');
  });
  after(async () => {
    await stack?.down();
    await blends?.remove();
    await trainings?.remove();
  });

  test('runs nothing as root, with read-only roots, and keeps its secrets out of descriptions and logs', async () => {
    for (const service of ['database', 'balancer', 'backend', 'worker'])
      for (const name of await stack.containers(service)) {
        const user = await stack.exec(name, ['sh', '-c', 'id -u; touch /probe 2>&1 || echo read-only']);
        assert.match(user, /^(1000|999)\n/, name);
        assert.match(user, /read-only/, name);
      }
    const [backend = '', worker = ''] = [
      (await stack.containers('backend'))[0],
      (await stack.containers('worker'))[0],
    ];
    const secrets = await stack.exec(backend, ['sh', '-c', 'cat /run/secrets/farm/*']);
    const own = await stack.exec(worker, ['sh', '-c', 'cat /run/secrets/worker/*']);
    assert.ok(secrets.includes(own) && secrets.split('\n').length > own.split('\n').length);
    for (const service of ['secrets', 'database', 'balancer', 'backend', 'worker'])
      for (const name of await stack.containers(service))
        for (const text of [await stack.log(name), await stack.describe(name)])
          for (const secret of secrets.split('\n'))
            assert.ok(!text.includes(secret), `${name} tells a secret`);
  });

  test('a `pilot` in the image of the backend speaks to the farm', async () => {
    const [backend = ''] = await stack.containers('backend');
    assert.match(await stack.exec(backend, ['pilot', '--version']), /^\d+\.\d+\.\d+$/);
  });

  test('each worker says what is around its jobs', async () => {
    for (const name of await stack.containers('worker')) {
      const said = await stack.log(name);
      assert.ok(!said.includes('sandbox.none'), said);
    }
    const { workers } = await client(url, key).json('GET', '/workers');
    for (const { capabilities } of workers as { capabilities: Record<string, unknown> }[])
      assert.match(String(capabilities.sandbox), /^(bubblewrap|container)$/);
  });

  test('renderings and trainings of two teams end whole though every part is killed', async () => {
    const jobs: { farm: ReturnType<typeof client>; id: JobId; frames: boolean }[] = [];
    for (const own of keys) {
      const farm = client(url, own);
      const render = await farm.submit(blends.path('steady'), { settings: { frames: FRAMES } });
      jobs.push({ farm, id: render, frames: true });
      jobs.push({ farm, id: await submitTraining(url, own, trainings), frames: false });
    }
    const [first] = jobs;
    assert.ok(first !== undefined);
    const theirs = await client(url, keys[1]).request('GET', `/jobs/${first.id}`);
    assert.equal(theirs.status, 404, 'another team sees it');
    const done = async () => (await first.farm.job(first.id)).counts.done ?? 0;
    await until(async () => (await done()) > 3, 'no frame was rendered', 5 * MINUTES);
    for (const service of ['balancer', 'backend', 'worker', 'database']) {
      const told = timed(`kill -9 of the ${service}`);
      const [victim = ''] = await stack.containers(service);
      await stack.kill(victim);
      await until(async () => (await fetch(`${url}/readyz`)).ok, `no farm after ${service}`, 3 * MINUTES);
      await until(async () => (await workersOnline(url, key)) === 2, 'a worker is missing', 3 * MINUTES);
      told('the farm is whole again');
    }
    for (const { farm, id, frames } of jobs) {
      const job = await farm.reaches(id, 'completed', 10 * MINUTES);
      const { chunks } = await farm.chunks(id);
      const unfinished = chunks.filter(({ state }) => state !== 'done');
      assert.deepEqual(unfinished, [], job.name);
      if (frames) assert.equal(new Set(chunks.map(({ ordinal }) => ordinal)).size, 20);
    }
  });
});

const FRAMES = '1-20';
const ROUNDS = 6;

const client = (url: string, key: string) => api(url, { authorization: `Bearer ${key}` });

async function workersOnline(url: string, key: string): Promise<number> {
  const { workers } = await client(url, key).json('GET', '/workers');
  return (workers as { status: string }[]).filter(({ status }) => status === 'online').length;
}

async function submitTraining(url: string, key: string, trainings: Trainings): Promise<JobId> {
  const farm = client(url, key);
  const folder = await mkdtemp(join(tmpdir(), 'pilot-compose-'));
  try {
    const path = join(folder, 'train.py');
    await writeFile(path, scriptWith({}));
    return await farm.create({
      kind: 'training',
      script: { blob: await farm.upload(path), fileName: 'train.py' },
      data: { blob: await farm.upload(trainings.data('points.csv')), fileName: 'points.csv' },
      settings: { shards: 2, rounds: ROUNDS, params: { pause: 0.5 } },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function timed(what: string): (fact: string) => void {
  let since = performance.now();
  return (fact) => {
    const now = performance.now();
    console.log(`${what}: ${fact} (${((now - since) / 1_000).toFixed(0)} s)`);
    since = now;
  };
}
