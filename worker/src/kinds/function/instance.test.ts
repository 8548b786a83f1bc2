import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CallEnd } from '@parallel-pilot/shared/protocol/calls.ts';
import { until } from '../../../../tests/support/until.ts';
import type { RunnableChunk } from '../kind.ts';
import { callOf, dyingHandler } from './dying-handler.fixture.ts';
import { Instance } from './instance.ts';

test('while a large answer is on its way to the farm, the process that comes after its own takes calls', async (t) => {
  const { stage, of, at } = await dyingHandler(t);
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
  const instance = new Instance(
    { calls } as unknown as RunnableChunk,
    stage,
    { ...of, ...at },
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
