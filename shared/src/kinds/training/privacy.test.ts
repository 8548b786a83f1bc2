import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DELTA, epsilonOf, privacyNote, privacyProblem } from './privacy.ts';

test('epsilon of the Gaussian mechanism is that of the paper', () => {
  // rho = 1/2: 0.5 + 2 sqrt(0.5 ln(1e5)).
  assert.ok(Math.abs(epsilonOf(1, 1) - 5.2985) < 1e-3);
  // Rounds add up as rho does: four rounds with twice the noise are one.
  assert.ok(Math.abs(epsilonOf(2, 4) - epsilonOf(1, 1)) < 1e-12);
  assert.equal(epsilonOf(0, 1), Number.POSITIVE_INFINITY);
});

test('it is no better than the best bound over the orders of Renyi (Mironov, arXiv 1702.07476, proposition 3)', () => {
  for (const noise of [0.7, 1, 4, 20])
    for (const rounds of [1, 10, 500]) {
      const orders = Array.from({ length: 100_000 }, (_, at) => 1 + (at + 1) / 100);
      const best = Math.min(
        ...orders.map((order) => (rounds * order) / (2 * noise ** 2) + Math.log(1 / DELTA) / (order - 1)),
      );
      assert.ok(Math.abs(best / epsilonOf(noise, rounds) - 1) < 1e-3, `${noise}, ${rounds}`);
    }
});

test('what does not go together is said', () => {
  const plain = { clip: null, noise: 0, trim: 0, mode: 'rounds' } as const;
  assert.equal(privacyProblem(plain), null);
  assert.equal(privacyProblem({ ...plain, clip: 1, noise: 1 }), null);
  assert.match(privacyProblem({ ...plain, noise: 1 }) ?? '', /give clip/);
  assert.match(privacyProblem({ ...plain, clip: 1, trim: 0.1 }) ?? '', /leave trim out/);
  assert.match(privacyProblem({ ...plain, clip: 1, mode: 'ddp' }) ?? '', /mode ddp/);
  assert.match(
    privacyNote({ clip: 1, noise: 1 }, 1)?.message ?? '',
    /after 1 round: epsilon 5\.30, delta 0\.00001/,
  );
  assert.match(privacyNote({ clip: 1, noise: 1, secure: true }, 1)?.message ?? '', /, and towards the farm/);
  assert.equal(privacyNote({ clip: 1, noise: 0 }, 1), null);
});
