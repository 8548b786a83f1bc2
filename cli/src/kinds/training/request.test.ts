import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFlags } from './request.ts';

describe('options of pilot train', () => {
  test('become the settings of the job', () => {
    const read = readFlags({
      shards: '8',
      rounds: '20',
      mode: 'diloco',
      innerSteps: '200',
      compress: 'int8',
      sparsify: '10%',
      batch: '64',
      merge: 'OUTER',
      outerLr: '0.7',
      outerMomentum: '0.9',
      trim: '20%',
      quorum: '75%',
      deadline: '10m',
      holdout: '.2',
      seed: '3',
      weighting: 'speed',
      patience: '2',
      metric: 'f1',
      goal: 'max',
      label: 'species',
      param: ['lr=0.1'],
    });
    const settings = {
      shards: 8,
      rounds: 20,
      mode: 'diloco',
      innerSteps: 200,
      compress: 'int8',
      sparsify: 0.1,
      batch: 64,
      merge: 'outer',
      outerLr: 0.7,
      outerMomentum: 0.9,
      trim: 0.2,
      quorum: 0.75,
      deadlineSeconds: 600,
      holdout: 0.2,
      seed: 3,
      weighting: 'speed',
      patience: 2,
      metric: 'f1',
      goal: 'max',
      label: 'species',
    };
    assert.deepEqual(read, { ok: true, request: { settings, params: { lr: 0.1 }, sweep: null } });
  });

  test('left out say nothing, so that the farm decides', () => {
    assert.deepEqual(readFlags({}), { ok: true, request: { settings: {}, params: {}, sweep: null } });
  });

  test('of mode ddp say how many workers train together', () => {
    const read = readFlags({ mode: 'DDP', workers: 4, minWorkers: '2', rounds: '3' });
    const settings = { mode: 'ddp', workers: 4, minWorkers: 2, rounds: 3 };
    assert.deepEqual(read, { ok: true, request: { settings, params: {}, sweep: null } });
    // Of a farm that is started for a job of rounds.
    assert.deepEqual(readFlags({ workers: 4 }), {
      ok: true,
      request: { settings: {}, params: {}, sweep: null },
    });
  });

  test('take a time as people write it', () => {
    const secondsOf = (deadline: string) => {
      const read = readFlags({ deadline });
      return read.ok ? read.request.settings.deadlineSeconds : read.message;
    };
    assert.deepEqual(['90', '90s', '1.5h', '2 H', '1d'].map(secondsOf), [90, 90, 5_400, 7_200, 86_400]);
  });

  const refused: [Parameters<typeof readFlags>[0], RegExp][] = [
    [{ mode: 'both' }, /^--mode both: write rounds, diloco or ddp\.$/],
    [{ minWorkers: '2' }, /^--min-workers is for --mode ddp/],
    [{ mode: 'ddp', shards: '4' }, /^--shards is for --mode rounds/],
    [{ shards: '0' }, /^--shards 0: write a whole number from 1 to 256\.$/],
    [{ shards: '300' }, /^--shards 300: write/],
    [{ rounds: '1.5' }, /^--rounds 1\.5: write a whole number from 1 to 10,000\.$/],
    [{ mode: 'ddp2' }, /^--mode ddp2: write rounds, diloco or ddp\.$/],
    [{ innerSteps: '0' }, /^--inner-steps 0: write a whole number from 1 to 1,000,000\.$/],
    [{ sparsify: '30%' }, /^--sparsify 30%: write a share from 0\.0005 to 0\.25, or a percentage/],
    [{ merge: 'sum' }, /^--merge sum: write average or outer\.$/],
    [{ outerLr: '0' }, /^--outer-lr 0: write a number above 0/],
    [{ quorum: '75' }, /^--quorum 75: write a share from 0\.01 to 1, or a percentage such as 75%\.$/],
    [{ deadline: 'soon' }, /^--deadline soon: write a time/],
    [{ deadline: '31d' }, /^--deadline 31d: write a time up to 30 days/],
    [{ goal: 'best' }, /^--goal best: write max or min\.$/],
    [{ metric: ' ' }, /^--metric {2}: write the name of a metric/],
    [{ param: ['lr'] }, /^--param lr: write name=value/],
  ];
  for (const [flags, sentence] of refused) {
    test(`${JSON.stringify(flags)} get a sentence`, () => {
      const read = readFlags(flags);
      assert.match(read.ok ? 'accepted' : read.message, sentence);
    });
  }
});

test('--secure is a setting, and not of mode ddp', () => {
  const secure = readFlags({ secure: true, clip: '0.5' });
  assert.deepEqual(secure.ok && secure.request.settings, { clip: 0.5, secure: true });
  const together = readFlags({ secure: true, mode: 'ddp' });
  assert.match(together.ok ? '' : together.message, /^--secure is for --mode rounds/);
});

test('--strict asks for every shard, and not beside --quorum', () => {
  const strict = readFlags({ strict: true });
  assert.equal(strict.ok && strict.request.settings.quorum, 1);
  assert.equal(readFlags({ strict: true, quorum: '50%' }).ok, false);
});
