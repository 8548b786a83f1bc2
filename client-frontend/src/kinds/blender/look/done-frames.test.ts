import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { doneFrames, placeOf } from './done-frames.ts';

test('what is done is played by the numbers of the frames, however the job counts them', () => {
  assert.deepEqual(doneFrames({ states: 'dqdfd', numbers: [9, 7, 5, 3, 1] }), [
    { ordinal: 4, frame: 1 },
    { ordinal: 2, frame: 5 },
    { ordinal: 0, frame: 9 },
  ]);
  assert.deepEqual(doneFrames({ states: 'd', numbers: null }), []);
});

test('a frame that is not there any more is at the place of the next one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: -50, max: 50 })), fc.integer(), (numbers, wanted) => {
      const done = numbers.sort((a, b) => a - b).map((frame, ordinal) => ({ frame, ordinal }));
      const after = done.findIndex(({ frame }) => frame >= wanted);
      assert.equal(placeOf(done, wanted), after === -1 ? Math.max(0, done.length - 1) : after);
    }),
  );
});
