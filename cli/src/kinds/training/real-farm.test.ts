import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readPresence } from '../../farm/presence.ts';
import { RunEvent } from '../../report/events.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const examples = fileURLToPath(new URL('../../../../examples/training/', import.meta.url));
const numpy = await execa('/usr/bin/python3', ['-c', 'import numpy'], { reject: false });

/** The whole command with real processes: embedded farm, real Python. */
describe('pilot train, with a farm of its own', { skip: numpy.exitCode !== 0 && 'there is no numpy' }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-train-real-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('makes a model of each parameter that is better than chance', async () => {
    const files = [join(examples, 'digits_softmax.py'), '--data', join(examples, 'digits.npz')];
    const options = [
      '--shards',
      '2',
      '--rounds',
      '2',
      '--param',
      'lr=0.1,0.0001',
      '--workers',
      '2',
      '--json',
    ];
    const data = join(folder, 'data');
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      [main, 'train', ...files, ...options, '--out', join(folder, 'out')],
      { env: { PILOT_DATA: data }, reject: false },
    );
    assert.equal(exitCode, 0, stderr);
    const events = stdout.split('\n').map((line) => RunEvent.parse(JSON.parse(line)));
    const rounds = events.flatMap((event) => (event.event === 'round.done' ? [event.round] : []));
    assert.deepEqual(rounds.sort(), [1, 1, 2, 2]);
    const last = events.at(-1);
    assert.ok(last?.event === 'sweep.done');
    assert.deepEqual(
      last.jobs.map(({ variant }) => variant),
      ['lr=0.1', 'lr=0.0001'],
    );
    assert.ok((last.jobs[0]?.metrics?.accuracy ?? 0) > 0.7, JSON.stringify(last.jobs));
    for (const { folder: at } of last.jobs) {
      assert.ok(at !== null && (await readdir(at)).includes('model.npz'));
      // A zip, as every .npz is.
      assert.equal((await readFile(join(at, 'model.npz'))).toString('latin1', 0, 2), 'PK');
    }
    assert.equal(await readPresence(data), null);
  });
});
