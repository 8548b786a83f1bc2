import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readParams, variantOf } from './params.ts';

describe('--param', () => {
  test('makes one job for each combination of values', () => {
    const read = readParams(['lr=0.1,1e-2', 'width=32,64']);
    assert.deepEqual(read, {
      ok: true,
      jobs: [
        { lr: 0.1, width: 32 },
        { lr: 0.1, width: 64 },
        { lr: 0.01, width: 32 },
        { lr: 0.01, width: 64 },
      ],
    });
  });

  test('left out makes one job', () => {
    assert.deepEqual(readParams([]), { ok: true, jobs: [{}] });
  });

  test('takes numbers, truths and texts, with commas in double quotes', () => {
    const values = (text: string) => {
      const read = readParams([`x=${text}`]);
      return read.ok ? read.jobs.map((job) => job.x) : read.message;
    };
    assert.deepEqual(values('-1.5,true,adam,1e400'), [-1.5, true, 'adam', '1e400']);
    assert.deepEqual(values('"64,32","8"'), ['64,32', '8']);
    assert.deepEqual(values('a=b, c ,a=b'), ['a=b', 'c']);
  });

  const refused: [string[], RegExp][] = [
    [['lr'], /^--param lr: write name=value/],
    [['0lr=1'], /^--param 0lr=1: write name=value/],
    [['lr='], /^--param lr=: write a value/],
    [['lr=1,,2'], /^--param lr=1,,2: write a value/],
    [['lr=1,'], /write a value after = and after each comma/],
    [['x="a'], /double quotes/],
    [['lr=1', 'lr=2'], /^--param lr is given twice/],
    [['a=1,2,3,4,5,6,7,8', 'b=1,2,3,4,5,6,7,8,9'], /more than 64 trainings/],
  ];
  for (const [given, sentence] of refused) {
    test(`${given.join(' ')} gets a sentence`, () => {
      const read = readParams(given);
      assert.match(read.ok ? JSON.stringify(read.jobs) : read.message, sentence);
    });
  }

  test('names jobs apart even where the values are long', () => {
    assert.equal(variantOf({ lr: 0.1, on: true }, 1), 'lr=0.1,on=true');
    const long = [1, 2].map((number) => variantOf({ text: 'x'.repeat(300) }, number));
    assert.notEqual(long[0], long[1]);
    assert.ok((long[0]?.length ?? 0) <= 80);
  });
});
