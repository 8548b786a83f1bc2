import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cut, firstBundle, nextBundle, type Span } from './bundles.ts';
import { countRuns, namesProblem, ownOfRuns, Parameters, sharedOf, valuesOf } from './parameters.ts';
import { readTable } from './read-table.ts';
import { readArray, readAxis } from './typed-parameters.ts';

const all = (parameters: Parameters): Record<string, string>[] => {
  const own = ownOfRuns(parameters, 0, countRuns(parameters));
  return Array.from({ length: countRuns(parameters) }, (_, run) =>
    valuesOf(sharedOf(parameters), run, own?.[run] ?? []),
  );
};

test('an array gives each of its numbers, in steps', () => {
  const range = { first: -1, last: 6, step: 3 };
  assert.deepEqual(all({ from: 'array', range }), [{ index: '-1' }, { index: '2' }, { index: '5' }]);
});

test('a grid gives every combination once, the last name changing fastest', () => {
  const axis = fc.oneof(
    fc.uniqueArray(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 4 }),
    fc
      .record({
        first: fc.integer({ min: -5, max: 5 }),
        more: fc.nat(6),
        step: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ first, more, step }) => ({ first, last: first + more, step })),
  );
  fc.assert(
    fc.property(fc.array(axis, { minLength: 1, maxLength: 4 }), (values) => {
      const parameters = Parameters.parse({
        from: 'grid',
        axes: values.map((of, index) => ({ name: `n${index}`, values: of })),
      });
      let expected: Record<string, string>[] = [{}];
      for (const [index, of] of values.entries()) {
        const list = Array.isArray(of)
          ? of
          : Array.from({ length: Math.floor((of.last - of.first) / of.step) + 1 }, (_, at) =>
              String(of.first + at * of.step),
            );
        expected = expected.flatMap((before) => list.map((value) => ({ ...before, [`n${index}`]: value })));
      }
      assert.deepEqual(all(parameters), expected);
    }),
  );
});

test('a run of a table or of files has its own row, whichever part of them the chunk has', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 30 }),
      fc.nat(29),
      fc.integer({ min: 1, max: 30 }),
      (rows, at, count) => {
        const parameters = Parameters.parse({ from: 'table', names: ['a', 'b'], rows });
        const first = Math.min(at, rows.length - 1);
        const own = ownOfRuns(parameters, first, count) ?? [];
        assert.deepEqual(
          own.map((row, index) => valuesOf(sharedOf(parameters), first + index, row)),
          rows.slice(first, first + count).map(([a, b]) => ({ a, b })),
        );
      },
    ),
  );
});

test('bundles hold every run once, in order, and never more than they may', () => {
  const spans = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 50 })), { maxLength: 8 });
  fc.assert(
    fc.property(spans, fc.integer({ min: 1, max: 60 }), (gaps, most) => {
      let at = 0;
      const given = gaps.map(([gap, count]): Span => {
        const span: Span = [at + gap, count];
        at += gap + count;
        return span;
      });
      const runs = (of: Iterable<Span>) =>
        [...of].flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index));
      const bundles = [...cut(given, most)];
      assert.deepEqual(runs(bundles), runs(given));
      assert.ok(bundles.every(([, count]) => count >= 1 && count <= most));
    }),
  );
});

test('runs of milliseconds are bundled to half a second, long and few ones are not', () => {
  assert.deepEqual(
    [firstBundle(1), firstBundle(256), firstBundle(257), firstBundle(1_000_000)],
    [1, 1, 2, 256],
  );
  assert.deepEqual(
    [nextBundle(1_000_000, 5), nextBundle(1_000_000, 600_000), nextBundle(300, 0)],
    [100, 1, 2],
  );
});

test('what is typed is read, or refused in a sentence that says what to write', () => {
  assert.deepEqual(readArray('1-1000:10'), { ok: true, value: { first: 1, last: 1000, step: 10 } });
  assert.deepEqual(readArray('200'), { ok: true, value: { first: 1, last: 200, step: 1 } });
  assert.deepEqual(readArray('-3--1'), { ok: true, value: { first: -3, last: -1, step: 1 } });
  assert.deepEqual(readAxis('lr=0.1, 0.01'), { ok: true, value: { name: 'lr', values: ['0.1', '0.01'] } });
  assert.deepEqual(readAxis('seed=1..20..5'), {
    ok: true,
    value: { name: 'seed', values: { first: 1, last: 20, step: 5 } },
  });
  const says = (typed: { ok: boolean; message?: string }, what: RegExp) =>
    assert.match(typed.message ?? '', what);
  says(readArray('9-1'), /"9-1": the last number comes before the first\./);
  says(readArray('a-b'), /write the first and the last number/);
  says(readAxis('lr'), /write name=value/);
  says(readAxis('lr=1,,2'), /a value after = and after each comma/);
});

test('a table with uneven rows, or without names, is refused by its line', () => {
  assert.deepEqual(readTable('p.csv', '\ufeffa,b\n1,"x, y"\n\n2,z\n'), {
    ok: true,
    value: {
      from: 'table',
      names: ['a', 'b'],
      rows: [
        ['1', 'x, y'],
        ['2', 'z'],
      ],
    },
  });
  const message = (text: string) => {
    const read = readTable('p.csv', text);
    return read.ok ? '' : read.message;
  };
  assert.equal(message('a,b\n1,2\n3\n'), 'p.csv, line 3: there is 1 value, and the first line names 2.');
  assert.match(message('1,2\n3,4\n'), /"1" cannot be the name of a parameter/);
  assert.match(message('a,b\n'), /no row with values/);
  assert.match(message(''), /is empty/);
  assert.match(message('a\n"b'), /cannot be read as a table/);
  assert.match(message(`a\n${'1\n'.repeat(10_001)}`), /10,001 rows, and 10,000 are the most/);
});

test('names that would be one variable, or mean something else, are refused', () => {
  assert.equal(namesProblem(['lr', 'seed']), null);
  assert.match(namesProblem(['lr', 'lr']) ?? '', /given twice/);
  assert.match(namesProblem(['lr', 'LR']) ?? '', /would both be PILOT_LR/);
  assert.match(namesProblem(['run']) ?? '', /PILOT_RUN means something else/);
});
