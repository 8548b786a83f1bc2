import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startOf } from '@parallel-pilot/sandbox/limits/process-life.ts';
import { memoryForJobs, memoryOfMachine } from '@parallel-pilot/sandbox/limits/share.ts';
import { until } from '../../../tests/support/until.ts';
import { createWorkerLog } from '../log.ts';
import { joinHost } from './host-workers.ts';
import { slotLimits } from './slot-limits.ts';

const log = createWorkerLog({ name: 'worker', level: 'silent', readable: false });
const even = (slots: number) => ({ slots, memoryBytes: null });
const all = memoryForJobs(memoryOfMachine());

async function hostFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-host-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'hosts', 'here');
}

test('workers of one host share its memory by their slots, as they come and go', async (t) => {
  const folder = await hostFolder(t);
  const first = await joinHost(folder, even(1), log);
  const limits = slotLimits(even(1), first);
  assert.equal(limits.memoryBytes, all);
  const second = await joinHost(folder, even(3), log);
  assert.equal(slotLimits(even(3), second).memoryBytes, Math.floor(all / 4));
  await until(() => limits.memoryBytes === Math.floor(all / 4), 'the first was not told of the second');
  await second.leave();
  await until(() => limits.memoryBytes === all, 'the first was not told that the second left');
  await first.leave();
  assert.deepEqual(await readdir(folder), []);
});

test('who was killed, or whose process id is now of another program, has no claim; nor has what is no claim', async (t) => {
  const folder = await hostFolder(t);
  await (await joinHost(folder, even(1), log)).leave();
  const other = spawn('sleep', ['1000']);
  const alive = `${other.pid}.${startOf(other.pid ?? 0)}`;
  const claim = JSON.stringify(even(7));
  await writeFile(join(folder, `${alive}.00000000`), claim);
  await writeFile(join(folder, `${other.pid}.12.00000000`), claim);
  await writeFile(join(folder, `${alive}.00000001`), '{"slots": -4}');
  await writeFile(join(folder, `${alive}.00000002`), 'not json');
  await writeFile(join(folder, 'notes.txt'), claim);
  const host = await joinHost(folder, even(1), log);
  assert.deepEqual(host.others(), [even(7)]);
  other.kill('SIGKILL');
  await until(() => host.others().length === 0, 'a dead worker keeps its share');
  await host.leave();
  assert.deepEqual(await readdir(folder), ['notes.txt']);
});

test('without a folder to meet in, a worker says so and goes on alone', async (t) => {
  const folder = await hostFolder(t);
  await writeFile(join(folder, '..', '..', 'hosts'), 'a file');
  const host = await joinHost(folder, even(1), log);
  assert.deepEqual(host.others(), []);
  await host.leave();
});
