import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerId } from './ids.ts';
import { labelsIn, Placement, requirementsOf, withPlace } from './placement.ts';
import { unmet } from './requirement.ts';

const id = 'wrk_000000000001' as WorkerId;
const worker = withPlace(
  { kinds: ['blender'], 'worker.tags': ['boasts'] },
  { id, pools: ['film'], tags: ['fast'], memoryBytes: 16e9 },
);

test('what a job asks for is one of its pools, all of its tags, one of its workers, and the memory of the machine', () => {
  const fits = (placement: Placement) => unmet(worker, requirementsOf(placement)).length === 0;
  assert.ok(fits({}));
  assert.ok(fits({ pools: [], tags: [], workers: [] }));
  assert.ok(fits({ pools: ['shop', 'film'], tags: ['fast'], workers: [id], memoryBytes: 16_000_000_000 }));
  assert.ok(!fits({ pools: ['shop'] }));
  assert.ok(!fits({ tags: ['fast', 'quiet'] }));
  assert.ok(!fits({ tags: ['boasts'] }));
  assert.ok(!fits({ workers: ['wrk_000000000002' as WorkerId] }));
  assert.ok(!fits({ memoryBytes: 16_000_000_001 }));
});

test('a choice that is not understood is refused in words', () => {
  const problem = (given: unknown) => Placement.safeParse(given).error?.issues[0]?.message ?? '';
  assert.match(problem({ pool: ['film'] }), /"pool" is not known here, did you mean "pools"\?/);
  assert.match(problem({ tags: ['a,b'] }), /no comma/);
  assert.match(problem({ tags: [''] }), /./);
  assert.match(problem({ memoryBytes: 0.5 }), /./);
  assert.deepEqual(Placement.parse({ tags: ['a', ' a '] }).tags, ['a']);
});

test('a list of names is read as people write it', () => {
  assert.deepEqual(labelsIn(' film, night shift,,'), ['film', 'night shift']);
  assert.deepEqual(labelsIn(''), []);
});
