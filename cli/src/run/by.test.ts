import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SentenceError } from '../sentence-error.ts';
import { readBy } from './by.ts';

// A Sunday afternoon, where this runs.
const NOW = new Date(2026, 10, 22, 15, 30).getTime();
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime();

test('times are read as people write them, and mean the next such time', async () => {
  for (const [text, wanted] of [
    ['tomorrow 08:00', at(2026, 10, 23, 8, 0)],
    ['tomorrow at 8am', at(2026, 10, 23, 8, 0)],
    ['18:00', at(2026, 10, 22, 18, 0)],
    ['08:00', at(2026, 10, 23, 8, 0)],
    ['by friday 18:30', at(2026, 10, 27, 18, 30)],
    ['in 3 hours', NOW + 3 * 3_600_000],
    ['90 minutes from now', NOW + 90 * 60_000],
    ['2026-12-24 12:00', at(2026, 11, 24, 12, 0)],
    ['24 Dec 12:00', at(2026, 11, 24, 12, 0)],
  ] as const) {
    const read = await readBy(text, NOW);
    assert.equal(read, wanted, `${text}: ${new Date(read)}`);
  }
  assert.equal(await readBy('2026-12-24T12:00:00Z', NOW), Date.UTC(2026, 11, 24, 12));
});

test('what is no time, or is over, is said in a sentence', async () => {
  for (const [text, said] of [
    ['', /no point in time/],
    ['soon', /no point in time/],
    ['not tomorrow 08:00', /no point in time/],
    ['from 8:00 to 9:00', /no point in time/],
    ['yesterday 08:00', /is over/],
    ['2 hours ago', /is over/],
    ['1 Jan 9999', /too far/],
  ] as const)
    await assert.rejects(
      () => readBy(text, NOW),
      (error) => error instanceof SentenceError && said.test(error.message),
      text,
    );
});
