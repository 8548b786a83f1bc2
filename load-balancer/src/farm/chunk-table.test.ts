import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkTable } from './chunk-table.ts';

test('the queue gives the lowest waiting ordinal after any sequence of takes and returns', () => {
  const step = fc.record({ kind: fc.constantFrom('take', 'return', 'take-odd', 'move'), which: fc.nat(30) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 100 }), (size, steps) => {
      const table = new ChunkTable(size);
      const waiting = new Set<number>();
      for (let ordinal = 0; ordinal < size; ordinal += 1) {
        table.set(ordinal, 'queued', 0);
        waiting.add(ordinal);
      }
      for (const { kind, which } of steps) {
        const ordinal = which % size;
        if (kind === 'return') {
          table.set(ordinal, 'queued', 1);
          waiting.add(ordinal);
        } else if (kind === 'move') {
          table.set(ordinal, 'canceled', 0);
          waiting.delete(ordinal);
        } else {
          const refuse = (it: number) => kind === 'take-odd' && it % 2 === 0;
          const expected = [...waiting].filter((it) => !refuse(it)).sort((a, b) => a - b)[0];
          const next = table.next(refuse);
          assert.equal(next, expected);
          if (next === undefined) continue;
          table.set(next, 'leased', 0);
          waiting.delete(next);
        }
        assert.equal(table.count('queued'), waiting.size);
      }
    }),
  );
});

test('granting 100,000 chunks does not look through them again for each', () => {
  const table = new ChunkTable(100_000);
  for (let ordinal = 0; ordinal < table.size; ordinal += 1) table.set(ordinal, 'queued', 0);
  const started = performance.now();
  for (let ordinal = table.next(() => false); ordinal !== undefined; ordinal = table.next(() => false)) {
    table.set(ordinal, 'done', 1);
  }
  assert.ok(table.settled);
  assert.ok(performance.now() - started < 1_000);
});
