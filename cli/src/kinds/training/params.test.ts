import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readParams, type SweepFlags, variantOf } from './params.ts';

const read = (params: string[], sweep: string[] = [], flags: SweepFlags = {}) =>
  readParams(params, sweep, flags, { rounds: 9 });

describe('--param and --sweep', () => {
  test('a parameter with one value is one of the training, with several one of its sweep', () => {
    const lr = { of: 'choice', values: [0.1, 0.01] };
    assert.deepEqual(read(['lr=0.1,1e-2', 'width=32']), {
      ok: true,
      params: { width: 32 },
      sweep: { parameters: { lr }, mode: 'grid' },
    });
    assert.deepEqual(read([], ['lr=0.1,1e-2'], { sweepMode: 'ASHA', reductionFactor: '2', minRounds: '2' }), {
      ok: true,
      params: {},
      sweep: { parameters: { lr }, mode: 'asha', reductionFactor: 2, minRounds: 2 },
    });
  });

  test('a range is drawn from by chance, where nobody says how', () => {
    assert.deepEqual(
      read([], ['wd=log(1e-5, 1e-2)', 'act=relu,"log(1,2)"'], { runs: '5', concurrent: '2' }),
      {
        ok: true,
        params: {},
        sweep: {
          parameters: {
            wd: { of: 'log', from: 1e-5, to: 1e-2 },
            act: { of: 'choice', values: ['relu', 'log(1,2)'] },
          },
          mode: 'random',
          ...{ runs: 5, concurrent: 2 },
        },
      },
    );
  });

  test('left out makes one training', () => {
    assert.deepEqual(read([]), { ok: true, params: {}, sweep: null });
  });

  test('takes numbers, truths and texts, with commas in double quotes', () => {
    const values = (text: string) => {
      const got = read([`x=${text}`]);
      const x = got.ok ? got.sweep?.parameters.x : null;
      return x?.of === 'choice' ? x.values : got;
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
    [['a=1,2,3,4,5,6,7,8,9,10,11', 'b=1,2,3,4,5,6,7,8,9,10'], /^These values make 110 trainings/],
  ];
  for (const [given, sentence] of refused) {
    test(`${given.join(' ')} gets a sentence`, () => {
      const got = read(given);
      assert.match(got.ok ? JSON.stringify(got) : got.message, sentence);
    });
  }

  const sweeps: [string[], SweepFlags, RegExp][] = [
    [['lr=normal(0,1)'], {}, /^--sweep lr: normal\(…\) is no distribution that is known here/],
    [['lr=log(0,1)'], {}, /^--sweep lr: log\(0,1\): a logarithm needs numbers above 0/],
    [['lr=log(1e-3,1)'], { sweepMode: 'grid' }, /^A grid takes .* lr is a range/],
    [['lr=1,2'], { sweepMode: 'bayes' }, /^--sweep-mode bayes: write grid, random or asha/],
    [['lr=1,2'], { runs: '3' }, /^There are 2 combinations of these values, fewer than the 3 runs/],
    [['lr=log(1e-3,1)'], { runs: '1000' }, /^--runs 1000: write a whole number from 2 to 100/],
    [['lr=1,2,3'], { sweepMode: 'asha', minRounds: '9' }, /^The trainings have 9 rounds, and asha/],
    [['lr=1'], {}, /^These values make one training/],
    [[], { runs: '3' }, /^--runs is for a sweep: say what to try/],
  ];
  for (const [given, flags, sentence] of sweeps) {
    test(`${given.join(' ')} ${JSON.stringify(flags)} gets a sentence`, () => {
      const got = read([], given, flags);
      assert.match(got.ok ? JSON.stringify(got) : got.message, sentence);
    });
  }

  test('names jobs apart even where the values are long', () => {
    assert.equal(variantOf({ lr: 0.1, on: true }, 1), 'lr=0.1,on=true');
    const long = [1, 2].map((number) => variantOf({ text: 'x'.repeat(300) }, number));
    assert.notEqual(long[0], long[1]);
    assert.ok((long[0]?.length ?? 0) <= 80);
  });
});
