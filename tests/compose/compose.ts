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
    const said = await stack.log(await one('backend'));
    key = /The owner's key, shown this once: (\S+)/.exec(said)?.[1] ?? '';
    assert.notEqual(key, '', `the backend's log has no key:\n${said}`);
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

  test('a rendering and a training end whole though every part is killed', async () => {
    const farm = client(url, key);
    const render = await farm.submit(blends.path('steady'), { settings: { frames: FRAMES } });
    const training = await submitTraining(url, key, trainings);
    const done = async (id: JobId) => (await farm.job(id)).counts;
    await until(async () => ((await done(render)).done ?? 0) > 3, 'no frame was rendered', 3 * MINUTES);
    for (const service of ['balancer', 'backend', 'worker', 'database']) {
      const told = timed(`kill -9 of the ${service}`);
      const [victim = ''] = await stack.containers(service);
      await stack.kill(victim);
      await until(async () => (await fetch(`${url}/readyz`)).ok, `no farm after ${service}`, 3 * MINUTES);
      await until(async () => (await workersOnline(url, key)) === 2, 'a worker is missing', 3 * MINUTES);
      told('the farm is whole again');
    }
    const [rendered, trained] = [
      await farm.reaches(render, 'completed', 10 * MINUTES),
      await farm.reaches(training, 'completed', 10 * MINUTES),
    ];
    for (const [id, job] of [
      [render, rendered],
      [training, trained],
    ] as const) {
      const { chunks } = await farm.chunks(id);
      assert.ok(
        chunks.every(({ state }) => state === 'done'),
        `${job.name}: ${JSON.stringify(job.counts)}`,
      );
      const ordinals = chunks.map(({ ordinal }) => ordinal);
      assert.equal(new Set(ordinals).size, ordinals.length);
    }
    assert.equal((await farm.chunks(render)).chunks.length, 40);
  });
});

const FRAMES = '1-40';
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
