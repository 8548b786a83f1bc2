import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesWeights, overlapProblem } from './overlap.ts';

test('sending beside steps is for rounds of steps, of which some come before it', () => {
  const of = { mode: 'diloco', innerSteps: 10, overlap: 9, secure: false, sparsify: null } as const;
  assert.equal(overlapProblem(of), null);
  assert.equal(overlapProblem({ ...of, mode: 'ddp', overlap: 0 }), null);
  assert.match(overlapProblem({ ...of, overlap: 10 }) ?? '', /Overlap \(10\) has to be less than .* \(10\)/);
  assert.match(overlapProblem({ ...of, mode: 'rounds' }) ?? '', /Take mode diloco/);
  assert.match(overlapProblem({ ...of, mode: 'ddp' }) ?? '', /in mode ddp there are none/);
  assert.match(overlapProblem({ ...of, sparsify: 0.1 }) ?? '', /smaller than what is sent at the end/);
  assert.match(overlapProblem({ ...of, secure: true }) ?? '', /With secure aggregation/);
});

test('a script says what its weights are in its loop, or has handed its model over', () => {
  const named = [
    'for rows in pilot.steps(2, keep=model, weights=model.state_dict):',
    'loader = DataLoader(data, batch_sampler=pilot.steps(\n    2,\n    weights = lambda: {"w": w},\n))',
    'model = pilot.model(model)',
    'from pilot import data, model as together',
  ];
  for (const script of named) assert.ok(namesWeights(script), script);
  for (const script of ['weights = 1\nfor rows in pilot.steps(2):', 'pilot.models', 'model = Model()'])
    assert.ok(!namesWeights(script), script);
});
