import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../../tests/support/until.ts';
import type { ChildProgram } from './child.ts';
import { type ChildEvent, incidentSentence } from './child-events.ts';
import { isAlive } from './presence.ts';
import { supervise } from './supervise.ts';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));
const never = new AbortController().signal;
const now = AbortSignal.abort();

describe('a supervised child', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-supervise-'));
  });
  after(() => rm(folder, { recursive: true }));

  const program = (mode: string): ChildProgram => ({
    name: 'fixture',
    main: fixture('child'),
    env: { ...process.env, MODE: mode },
    log: join(folder, `${mode}.log`),
    verbose: false,
  });

  test('is started again at once when it is killed', async () => {
    const events: ChildEvent[] = [];
    const child = supervise(program('good'), (event) => events.push(event));
    assert.equal((await child.started).ok, true);
    const first = child.pid();
    assert.ok(first);
    process.kill(first, 'SIGKILL');
    await until(() => events.some((event) => event.type === 'restarted'), 'the child did not come back');
    assert.deepEqual(events, [
      { type: 'restarting', name: 'fixture', reason: 'was killed (SIGKILL)', delayMs: 0 },
      { type: 'restarted', name: 'fixture', onTrial: false },
    ]);
    assert.notEqual(child.pid(), first);
    await child.stop(5_000, never);
    assert.equal(isAlive(child.pid() ?? 0), false);
  });

  test('that cannot start says why', async () => {
    const child = supervise(program('start-failed'), () => assert.fail('nothing to tell'));
    assert.deepEqual(await child.started, { ok: false, message: 'The fixture found no Blender.' });
    await child.stop(0, now);
  });

  test('that dies at its start is reported with its last lines', async () => {
    const child = supervise(program('dies'), () => {});
    const started = await child.started;
    assert.match(
      started.ok ? '' : started.message,
      /^The fixture stopped with exit code 3 before it was ready\.\n\nIts last lines:\n {2}start\.failed: the fixture has no wish/,
    );
    await child.stop(0, now);
  });

  const seldomAtOnce = (before: number) => ({ delayMs: 'seldom' as const, quickDeaths: before + 1 });

  test('that keeps dying is tried again and again, which is said once', async () => {
    const events: ChildEvent[] = [];
    const child = supervise(program('dies-later'), (event) => events.push(event), {
      decide: (before) => (before < 2 ? { delayMs: 0, quickDeaths: before + 1 } : seldomAtOnce(before)),
      seldomMs: 1,
    });
    const restarts = () => events.filter((event) => event.type === 'restarted').length;
    await until(() => restarts() >= 5, 'it is not tried again');
    await child.stop(0, now);
    const sentences = events.map(incidentSentence).filter((sentence) => sentence !== null);
    assert.deepEqual(sentences.slice(0, 4), [
      'The fixture stopped with exit code 3; it is started again at once.',
      'The fixture is back.',
      'The fixture stopped with exit code 3; it is started again at once.',
      'The fixture is back.',
    ]);
    assert.equal(sentences.length, 5);
    assert.match(
      sentences[4] ?? '',
      /^The fixture stopped with exit code 3, 3 times in a row; from now on it is tried again every/,
    );
  });

  test('that never started, and does once what was in its way is gone, is told to run well', async () => {
    const obstacle = join(folder, 'obstacle');
    await writeFile(obstacle, '');
    const events: ChildEvent[] = [];
    const blocked = program('blocked');
    const child = supervise(
      { ...blocked, env: { ...blocked.env, OBSTACLE: obstacle } },
      (event) => events.push(event),
      { seldomMs: 1, steadyMs: 1 },
    );
    assert.equal((await child.started).ok, false);
    await rm(obstacle);
    await until(() => events.some((event) => event.type === 'recovered'), 'it did not come');
    assert.deepEqual(events, [
      { type: 'restarted', name: 'fixture', onTrial: true },
      { type: 'recovered', name: 'fixture' },
    ]);
    await child.stop(0, now);
    assert.equal(isAlive(child.pid() ?? 0), false);
  });

  test('that never becomes ready is ended, with a sentence', async () => {
    const child = supervise(program('silent'), () => assert.fail('nothing to tell'), {
      readyWithinMs: 1_000,
    });
    const started = await child.started;
    assert.match(started.ok ? '' : started.message, /^The fixture did not become ready within 1 s\./);
    await child.stop(0, now);
    assert.equal(isAlive(child.pid() ?? 0), false);
  });

  test('that ignores SIGTERM is ended all the same', async () => {
    const child = supervise(program('ignores-sigterm'), () => {});
    await child.started;
    await child.stop(0, now);
    assert.equal(isAlive(child.pid() ?? 0), false);
  });

  test('that drains gets the second SIGTERM when it is to hurry', async () => {
    const child = supervise(program('drains'), () => {});
    await child.started;
    const hurry = new AbortController();
    const stopped = child.stop(60_000, hurry.signal);
    hurry.abort();
    await stopped;
    assert.equal(isAlive(child.pid() ?? 0), false);
  });

  test('does not outlive a supervisor that is killed', async () => {
    const supervisor = spawn(process.execPath, [fixture('supervisor'), join(folder, 'orphan.log')]);
    const [line] = await once(supervisor.stdout, 'data');
    const pid = Number(String(line));
    assert.equal(isAlive(pid), true);
    supervisor.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the child outlived its supervisor');
  });
});
