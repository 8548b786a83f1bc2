import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comingOf } from './coming.ts';

const failed = (state_code: string) =>
  ({ state: 'failed', state_code, finished_at: 1_000, updated_at: 1_000 }) as const;

test('what was not to be had in passing is tried again after a rest that grows, and what never will be is not', () => {
  const rests = [1, 2, 3, 20].map((tries) => comingOf(failed('function/no-image'), tries));
  assert.deepEqual(
    rests,
    [11_000, 21_000, 41_000, 1_801_000].map((until) => ({ state: 'rests', until })),
  );
  const canceled = { ...failed(''), state: 'canceled' as const, state_code: null };
  assert.deepEqual(comingOf(canceled, 1), { state: 'rests', until: 11_000 });
  for (const code of ['other-processor', 'worker-lost', 'function/out-of-reach'])
    assert.equal(comingOf(failed(code), 1).state, 'rests', code);
  for (const code of ['packages-missing', 'bad-image', 'image-unknown', 'handler-broken'])
    assert.equal(comingOf(failed(`function/${code}`), 1).state, 'failed', code);
  const running = { ...failed(''), state: 'running' as const, finished_at: null };
  assert.deepEqual(comingOf(running, 3), { state: 'on-its-way' });
});
