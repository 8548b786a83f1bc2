import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSample, type Sample, speedOf } from './upload-speed.ts';

test('speed is that of the last five seconds', () => {
  let samples: Sample[] = [];
  for (let at = 0; at <= 10_000; at += 100) samples = addSample(samples, { at, sent: at });
  for (let at = 10_100; at <= 20_000; at += 100) {
    samples = addSample(samples, { at, sent: 10_000 + (at - 10_000) * 10 });
  }
  assert.equal(speedOf(samples), 10_000);
  assert.ok(samples.length < 60);
});

test('it is unknown at first', () => {
  assert.equal(speedOf([]), null);
  assert.equal(
    speedOf([
      { at: 0, sent: 0 },
      { at: 100, sent: 9 },
    ]),
    null,
  );
});
