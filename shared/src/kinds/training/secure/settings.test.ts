import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needed, secureProblem } from './settings.ts';

test('what does not go together with secure aggregation is said, each with what to do', () => {
  const sent = { compress: 'none', sparsify: null } as const;
  const asked = { secure: true, clip: 1, ...sent, mode: 'rounds', local: true, shards: 3 } as const;
  assert.equal(secureProblem(asked), null);
  assert.equal(secureProblem({ ...asked, mode: 'diloco', shards: null }), null);
  assert.equal(secureProblem({ ...asked, secure: false, local: false, clip: null }), null);
  assert.match(secureProblem({ ...asked, local: false }) ?? '', /Give it with local data\.$/);
  assert.match(secureProblem({ ...asked, mode: 'ddp' }) ?? '', /take mode rounds or diloco\.$/);
  assert.match(secureProblem({ ...asked, clip: null }) ?? '', /give clip, too/);
  assert.match(secureProblem({ ...asked, compress: 'int8' }) ?? '', /leave compress out\.$/);
  assert.match(
    secureProblem({ ...asked, compress: 'int8', sparsify: 0.1 }) ?? '',
    /leave compress and sparsify out\.$/,
  );
  assert.match(secureProblem({ ...asked, shards: 1 }) ?? '', /needs two and more\.$/);
});

test('a round needs its quorum, and with secure aggregation more than half of its shards', () => {
  const shards = [2, 3, 4, 5, 256];
  assert.deepEqual(
    shards.map((count) => needed({ quorum: 0.01, secure: true }, count)),
    [2, 2, 3, 3, 129],
  );
  assert.equal(needed({ quorum: 0.01, secure: false }, 4), 1);
  assert.equal(needed({ quorum: 0.9, secure: true }, 10), 9);
});
