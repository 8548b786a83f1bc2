import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { execa } from 'execa';
import { probePort } from '../../cli/src/farm/ports.ts';
import { startFarm } from '../../load-balancer/tests/support/farm-under-test.ts';
import { FakeFarm } from '../../worker/src/agent/fixtures/fake-farm.ts';
import { asAnotherUser } from '../support/another-user.ts';
import { until } from '../support/until.ts';

// A machine without a sandbox, and the jobs that must not get there.

const folder = await mkdtemp(join(tmpdir(), 'pilot-unsandboxed-'));
after(() => rm(folder, { recursive: true, force: true }));

test('a worker without a sandbox is given no job of somebody else', async (t) => {
  const farm = await startFarm();
  t.after(() => farm.stop());
  const somebody = {
    person: 'per_somebody00000000001' as PersonId,
    team: 'tea_somebody00000000001' as TeamId,
  };
  const run = async () => ({});
  const open = farm.worker({ capabilities: { sandbox: 'none' }, run });
  const silent = farm.worker({ run });
  await until(() => open.welcome?.ok === true && silent.welcome?.ok === true, 'they were not welcomed');
  const theirs = await farm.plant({ chunks: 3, ...somebody });
  const own = await farm.plant({ chunks: 3 });
  const done = async (job: string): Promise<number> => {
    const rows = await farm.db
      .selectFrom('chunks')
      .select('state')
      .where('job_id', '=', job as never)
      .execute();
    return rows.filter((row) => row.state === 'done').length;
  };
  await until(async () => (await done(own.job)) === 3, 'the own job was not done');
  const boxed = farm.worker({ capabilities: { sandbox: 'bubblewrap' }, run });
  await until(async () => (await done(theirs.job)) === 3, 'the other job was not done');
  for (const worker of [open, silent])
    assert.ok(
      worker.assigns.every((assign) => assign.job === own.job),
      'it was given what is not its owner’s',
    );
  assert.equal(boxed.assigns.filter((assign) => assign.job === theirs.job).length, 3);
});

const sandbox = await detectSandbox();
const skip = sandbox.level === 'none' ? sandbox.reason : false;

describe('on a machine without bubblewrap', { skip }, () => {
  const main = (workspace: string): string =>
    fileURLToPath(new URL(`../../${workspace}/src/main.ts`, import.meta.url));
  const bwrap = sandbox.level === 'none' ? '' : sandbox.host.bwrap;
  // All of this machine, but for the one program.
  const without = [
    '--dev-bind',
    '/',
    '/',
    '--ro-bind',
    '/dev/null',
    bwrap,
    '--die-with-parent',
    process.execPath,
  ];
  const run = (args: string[], env: Record<string, string>, machine = without) =>
    execa(bwrap, [...machine, ...args], {
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, ...env },
      extendEnv: false,
      reject: false,
      all: true,
      killDescendants: true,
      timeout: 120_000,
    });
  // All of this machine, but users may make no namespaces, as some systems have it.
  const closed = [
    '--unshare-user',
    '--disable-userns',
    '--dev-bind',
    '/',
    '/',
    '--die-with-parent',
    process.execPath,
  ];
  const refusalFor = (reason: string): RegExp =>
    new RegExp(
      `This machine has no sandbox, so it cannot be a worker: without one a job can read, change and send away all that this user can.* ${reason} .*start it with --unsandboxed \\(or PILOT_UNSANDBOXED=1\\)`,
      's',
    );
  const refusal = refusalFor('bubblewrap is not installed');

  test('a worker does not start, and says what to do', async (t) => {
    const farm = await FakeFarm.start();
    t.after(() => farm.stop());
    const env = {
      PILOT_JOIN: farm.url,
      PILOT_TOKEN: farm.token,
      PILOT_WORKER_DATA: join(folder, 'worker'),
      PILOT_BLENDER: '/nonexistent/blender',
    };
    for (const unsandboxed of [{}, { PILOT_UNSANDBOXED: '0' }]) {
      const refused = await run([main('worker')], { ...env, ...unsandboxed });
      assert.equal(refused.exitCode, 1, refused.all);
      assert.match(refused.all, refusal);
    }
    assert.equal(farm.all('hello').length, 0);

    const let_in = run([main('worker')], { ...env, PILOT_UNSANDBOXED: '1' });
    const hello = await farm.heard('hello');
    assert.equal(hello.capabilities.sandbox, 'none');
    let_in.kill();
    const { all } = await let_in;
    assert.match(all, /There is no sandbox: a job can read, change and send away all that this user can/);
    assert.match(all, /This worker is given jobs of its own owner only/);
  });

  const canClose = sandbox.level !== 'none' && sandbox.host.canDisableUserNamespaces;
  test('bubblewrap that may make no namespaces is none', { skip: !canClose }, async (t) => {
    const farm = await FakeFarm.start();
    t.after(() => farm.stop());
    const env = {
      PILOT_JOIN: farm.url,
      PILOT_TOKEN: farm.token,
      PILOT_WORKER_DATA: join(folder, 'closed'),
      PILOT_BLENDER: '/nonexistent/blender',
    };
    const refused = await run([main('worker')], env, closed);
    assert.equal(refused.exitCode, 1, refused.all);
    assert.match(refused.all, refusalFor('bubblewrap does not work here:'));
    assert.equal(farm.all('hello').length, 0);
    const let_in = run([main('worker')], { ...env, PILOT_UNSANDBOXED: '1' }, closed);
    assert.equal((await farm.heard('hello')).capabilities.sandbox, 'none');
    let_in.kill();
    await let_in;
  });

  test('neither does the worker of `pilot worker`, but with its flag', async (t) => {
    const farm = await FakeFarm.start();
    t.after(() => farm.stop());
    const env = {
      PILOT_TOKEN: farm.token,
      PILOT_DATA: join(folder, 'cli'),
      PILOT_BLENDER: '/nonexistent/blender',
    };
    const args = [main('cli'), 'worker', '--join', farm.url];
    const refused = await run(args, env);
    assert.equal(refused.exitCode, 1, refused.all);
    assert.match(refused.all, refusal);
    const let_in = run([...args, '--unsandboxed'], env);
    assert.equal((await farm.heard('hello')).capabilities.sandbox, 'none');
    let_in.kill();
    await let_in;
  });

  test('a farm of one’s own is no exception: `pilot up` says so and ends', async () => {
    const env = { PILOT_DATA: join(folder, 'farm'), PILOT_BLENDER: '/nonexistent/blender' };
    const probe = await probePort('127.0.0.1', 0);
    assert.ok(probe.ok);
    const { port } = probe;
    const args = [main('cli'), 'up', '--workers', '1', '--port', String(port)];
    const refused = await run(args, env);
    assert.equal(refused.exitCode, 1, refused.all);
    assert.match(refused.all, refusal);
    const let_in = run([...args, '--unsandboxed'], env);
    let said = '';
    let_in.all.on('data', (bytes) => {
      said += String(bytes);
    });
    await until(
      () => said.includes('Ctrl-C stops it'),
      () => `it does not come up: ${said}`,
    );
    assert.match(
      said,
      /--unsandboxed: where this machine has no sandbox, a job can read, change and send away/,
    );
    let_in.kill();
    await let_in;
  });
});

asAnotherUser([fileURLToPath(import.meta.url)], 'bubblewrap that may make no namespaces is none');
