import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { Call, type CallEnd } from '@parallel-pilot/shared/protocol/calls.ts';
import { until } from '../../../../tests/support/until.ts';
import type { RunnableChunk } from '../kind.ts';
import { Instance } from './instance.ts';
import { programOf } from './runtime.ts';
import { inSandbox } from './start-process.ts';

const root = await mkdtemp(join(tmpdir(), 'pilot-instance-'));
after(() => rm(root, { recursive: true, force: true }));

/** Its process ends as soon as it has said that a large answer lies there. */
const HANDLER = `import os
import __main__
say = __main__.say
def last(message):
    say(message)
    if "left" in message:
        os._exit(0)
__main__.say = last
def handle(event, context):
    return "x" * event
`;

test('while a large answer is on its way to the farm, the process that comes after its own takes calls', async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox?.level === 'bubblewrap', 'this machine has no sandbox');
  const [inputs, folder] = [join(root, 'in'), join(root, 'slot')];
  for (const path of [inputs, folder]) await mkdir(path);
  await writeFile(join(inputs, 'handler.py'), HANDLER);
  const program = programOf('python', sandbox, 1);
  assert.ok(program !== null);
  const arrived = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const blobs = {
    fetch: async () => null,
    async deliver(_: string, size: number) {
      begun.resolve();
      await arrived.promise;
      return { hash: 'a'.repeat(64) as never, size, receipt: 'r' };
    },
  };
  const opened = Promise.withResolvers<(call: Call) => Promise<CallEnd>>();
  const retired = new AbortController();
  const calls = { retired: retired.signal, blobs, open: (_: number, take: never) => opened.resolve(take) };
  const stage = InstancesStage.parse({ name: 'f', version: 1, handler: 'handler.py', settings: {} });
  const instance = new Instance(
    { calls } as unknown as RunnableChunk,
    stage,
    {
      ...{ inputs, packages: null, place: inSandbox(sandbox, program) },
      ...{ threads: 1, folder, sandbox, onLog() {} },
    },
    () => {},
    () => {},
  );
  let isOver = false;
  const run = instance.run(new AbortController().signal).finally(() => {
    isOver = true;
  });
  const take = await opened.promise;
  const large = take(callOf('cal_00000000000000000001', '400000'));
  await begun.promise;
  // The first may come to the process that is about to end.
  let made = 1;
  const small = await until(async () => {
    made += 1;
    const end = await take(callOf(`cal_${String(made).padStart(20, '0')}`, '3'));
    return end.ok ? end.answer : null;
  }, 'no other process takes calls');
  assert.equal(small, '"xxx"');
  retired.abort();
  // Nothing that it could end by is left but the answer.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, false, 'the run is over before the answer is on the farm');
  arrived.resolve();
  assert.ok((await large).ok, JSON.stringify(await large));
  assert.deepEqual((await run).ok, true);
});

const callOf = (call: string, event: string): Call =>
  Call.parse({
    ...{ lease: 'lse_0123456789abcdefghij', call, event },
    ...{ mostAnswerBytes: 1_000_000, context: {}, timeoutMs: 30_000 },
  });
