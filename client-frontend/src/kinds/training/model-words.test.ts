import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelInWords } from './model-words.ts';

const best = { round: 4, name: 'accuracy', value: 0.9611 };

test('the best model comes first and the last second, and it is said which are saved', () => {
  assert.equal(
    modelInWords({ round: 5, best, delivered: 4 }),
    'model.npz is of round 4, the best one, with accuracy 0.9611; model-last.npz is of round 5, the last. “pilot train” saves both.',
  );
  assert.match(modelInWords({ round: 4, best, delivered: 4 }), /of round 4, the last and the best one/);
  assert.match(
    modelInWords({ round: 3, best: null, delivered: 3 }),
    /of round 3, the last one\. That is what/,
  );
});

test('a job of a farm before that handed out the last says so', () => {
  assert.match(
    modelInWords({ round: 5, best, delivered: 5 }),
    /of round 5, the last one\. Round 4 was better/,
  );
});
