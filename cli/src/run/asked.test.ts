import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { readAsked, withAsked } from './asked.ts';

const typed = (...args: string[]) =>
  readAsked(withAsked(new Command()).exitOverride().parse(args, { from: 'user' }).opts());

test('what each part of a job asks for is read with its units, and nothing is nothing', () => {
  assert.equal(typed(), null);
  assert.deepEqual(
    typed(
      ...['--chunk-memory', '1.5GB', '--chunk-threads', '4', '--chunk-disk', '20 gb', '--chunk-gpus', '2'],
      ...['--chunk-resource', 'licence=1', '--chunk-resource', 'seat=2'],
    ),
    {
      threads: 4,
      memoryBytes: 1.5e9,
      diskBytes: 20e9,
      gpus: [
        { name: null, memoryBytes: 0 },
        { name: null, memoryBytes: 0 },
      ],
      counts: { licence: 1, seat: 2 },
    },
  );
});

test('what cannot be meant is answered with what can be written', () => {
  for (const size of ['6', '6 apples', '-1GB', '0GB', '9999999999GB', 'GB'])
    assert.throws(() => typed(`--chunk-memory=${size}`), /--chunk-memory .*: write a size with its unit/);
  for (const count of ['licence', 'licence=', 'licence=0', '=1', 'licence=1,licence=2', 'a b=1'])
    assert.throws(() => typed('--chunk-resource', count), /write a name with a count/);
});
