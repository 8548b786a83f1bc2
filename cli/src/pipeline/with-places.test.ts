import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameters, Scalar } from '@parallel-pilot/shared/model/parameters.ts';
import { withParameters } from '@parallel-pilot/shared/model/with-parameters.ts';
import { SentenceError } from '../sentence-error.ts';
import { templateOf } from './template-of.ts';

/** A command that works out what it asks of the farm. */
const asked = async (values: ReadonlyMap<string, Scalar>) => {
  const runs = Number(values.get('runs'));
  if (runs > 100) throw new SentenceError('--array: too many');
  if (values.get('quality') !== 'low' && values.get('quality') !== 'high')
    throw new SentenceError('no such quality');
  return [
    {
      name: 'simulate',
      job: {
        words: ['sim', `--runs=${runs}`, `of-${runs}-at-${values.get('rate')}`],
        array: { last: runs, step: 3 },
        rate: Number(values.get('rate')),
        bytes: Number(values.get('gigabytes')) * 1e9,
        quality: values.get('quality'),
        ...(values.get('slow') === true ? { slow: true } : {}),
      },
    },
  ] as never;
};
const PARAMETERS: Parameters = {
  runs: { default: 3 },
  rate: { default: 0.1 },
  gigabytes: { default: 2 },
  quality: { default: 'low', values: ['low', 'high'] },
  slow: { default: false },
};

test('values that are put in have places in the template, in texts and as they are; what something is worked out of stays', async () => {
  const { jobs, parameters, fixed } = await templateOf(PARAMETERS, new Map([['rate', '0.2']]), asked);
  assert.deepEqual(jobs, [
    {
      name: 'simulate',
      job: {
        words: ['sim', '--runs={parameters.runs}', 'of-{parameters.runs}-at-{parameters.rate}'],
        array: { last: { parameter: 'runs' }, step: 3 },
        rate: { parameter: 'rate' },
        bytes: 2e9,
        quality: '{parameters.quality}',
      },
    },
  ]);
  assert.deepEqual(
    [Object.keys(parameters ?? {}), fixed],
    [['runs', 'rate', 'quality'], { gigabytes: '2', slow: 'false' }],
  );
  assert.equal(parameters?.rate?.default, 0.2);
  const values = new Map<string, Scalar>([
    ['runs', 7],
    ['rate', 0.5],
    ['quality', 'high'],
  ]);
  assert.deepEqual(
    withParameters(jobs, values),
    await asked(new Map<string, Scalar>([...values, ['gigabytes', 2], ['slow', false]])),
  );
});
