import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './until.ts';

test('gives back the first truthy answer', async () => {
  let asked = 0;
  const found = await until(async () => {
    asked += 1;
    return asked === 3 ? { asked } : null;
  }, 'never asked three times');
  assert.deepEqual(found, { asked: 3 });
});

test('a check that throws counts as not yet', async () => {
  let asked = 0;
  const found = await until(() => {
    asked += 1;
    if (asked < 3) throw new Error('connection refused');
    return 'up';
  }, 'the server never came up');
  assert.equal(found, 'up');
});

test('says what it waited for and what it saw last', async () => {
  await assert.rejects(
    until(() => 0, 'the count never rose', 60),
    /^Error: the count never rose \(waited 60 ms; last seen: 0\)$/,
  );
  await assert.rejects(
    until(
      () => '',
      (last) => `status is ${JSON.stringify(last)}`,
      60,
    ),
    /status is "" \(waited/,
  );
});

test('an error seen last is named, and is the cause', async () => {
  const refused = new Error('connection refused');
  await assert.rejects(
    until(() => Promise.reject(refused), 'the server never came up', 60),
    (error: Error) => error.message.includes('connection refused') && error.cause === refused,
  );
});

test('a check that never answers does not hold it beyond its time', async () => {
  await assert.rejects(
    until(() => new Promise<boolean>(() => {}), 'no answer came', 60),
    /last seen: no answer from the check/,
  );
});
