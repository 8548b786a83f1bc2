import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelInWords } from './model-words.ts';

const best = { round: 4, name: 'accuracy', value: 0.9611 };

test('a model that is not the best one says so', () => {
  const told = modelInWords({ round: 5, best, settings: { patience: null } });
  assert.match(told, /of round 5.*the last one\. Round 4 was better, with accuracy 0\.9611/);
});

test('with patience, and where the last is the best, it is the best one', () => {
  assert.match(modelInWords({ round: 5, best, settings: { patience: 2 } }), /of round 4.*the best one/);
  assert.match(modelInWords({ round: 4, best, settings: { patience: null } }), /of round 4.*the best one/);
  assert.match(
    modelInWords({ round: 3, best: null, settings: { patience: 2 } }),
    /of round 3.*the last one\.$/,
  );
});
