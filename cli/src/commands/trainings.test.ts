import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { JOB_ID, startSmallFarm } from '../fixtures/small-farm.ts';
import { type Standing, sampleRounds, sampleTraining } from '../fixtures/training-farm.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const STANDING: Standing = { round: 3, losses: [0.5, 0.6], working: [0.031] };

describe('the commands for any job', () => {
  let folder: string;
  let farm: Awaited<ReturnType<typeof startSmallFarm>>;
  let standing = STANDING;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-trainings-'));
    farm = await startSmallFarm(({ path }) => {
      const job = sampleTraining(standing, { id: JOB_ID });
      const at = `/api/v1/jobs/${JOB_ID}`;
      const after = /\/rounds\?after=(\d+)$/.exec(path)?.[1];
      if (after !== undefined) return { body: sampleRounds(standing, Number(after)) };
      if (path.startsWith('/api/v1/jobs?'))
        return { body: { jobs: [job], next: null, total: 1, states: {} } };
      if (path === at) return { body: job };
      const page = new RegExp(`^${at}/log(?:\\?after=(\\d))?`).exec(path);
      if (page !== null) return { body: logPage(Number(page[1] ?? 0)) };
      if (path === `${at}/artifacts/model.npz`) return { body: Buffer.from('weights') };
      if (/\/rounds\/[12]\/model$/.test(path)) return { body: Buffer.from('model') };
      if (path !== `${at}/artifacts`) return null;
      const model = { name: 'model.npz', mediaType: 'application/octet-stream', size: 7 };
      // Everything once more, packed while it is sent.
      const zip = {
        name: 'all.zip',
        mediaType: 'application/zip',
        size: null,
        url: `${at}/artifacts/all.zip`,
      };
      const made =
        standing.state === 'completed' ? [{ ...model, url: `${at}/artifacts/model.npz` }, zip] : [];
      return { body: { artifacts: made } };
    });
  });
  after(async () => {
    await farm.stop();
    await rm(folder, { recursive: true });
  });

  /** Shard 1 has printed and failed, shard 2 comes to its end after the first looks. */
  function logPage(after: number) {
    const prints = [
      { label: 'Round 1, shard 1', worker: 'studio-1', endedAt: 1, log: 'It raised.\nloss 9\n' },
      { label: 'Round 1, shard 2', worker: 'studio-2', endedAt: 2, log: 'loss 0.5\nloss 0.4\n\u001b[2Jdone' },
    ];
    const there = after === 0 ? 1 : 2;
    if (after > 0) standing = { state: 'completed', round: 4, losses: [0.2] };
    return {
      notes: [],
      failures: [{ label: 'Round 1, shard 1 on studio-1', log: 'It raised.\nloss 9\n' }],
      prints: prints.slice(after, there),
      next: `${there} lse_0000000${there}`,
    };
  }

  const pilot = async (...args: string[]) => {
    const run = await execa(process.execPath, [main, ...args, '--server', farm.url], {
      cwd: folder,
      env: { PILOT_DATA: folder },
      reject: false,
    });
    return { code: run.exitCode, out: run.stdout, err: run.stderr };
  };

  test('speak of a training in its own words', async () => {
    standing = STANDING;
    const { out } = await pilot('job', 'abcdef');
    assert.match(out, /^Done +50 %\nStage +train, 1\/2\n/m);
    assert.match(
      out,
      /^Data +digits\.npz, 100 rows in 2 shards, 10 held out, 10 classes\nRound +3 of 4, merged/m,
    );
    assert.match(out, /^Model +loss 0\.6\nBest +loss 0\.5 in round 1\n/m);
    assert.match(out, /^ {2}studio-1: 50 % · Round 3, shard 1 · loss 0\.031 · Epoch 1 of 2$/m);
    const list = (await pilot('jobs')).out;
    assert.match(list, /\nabcdef +running +50 % .* digits$/);
    assert.doesNotMatch(out + list, /frame|render|blend/i);
  });

  test('show what scripts printed, each once, and go on until the job is over', async () => {
    standing = STANDING;
    const { code, out } = await pilot('logs', JOB_ID, '-f');
    assert.equal(code, 0);
    assert.equal(
      out.trim(),
      [
        'Round 1, shard 1 on studio-1:\nIt raised.\nloss 9',
        '\nRound 1, shard 2 on studio-2:\nloss 0.5\nloss 0.4\n[2Jdone',
      ].join('\n'),
    );
  });

  test('do not tell the rounds of one that is over again', async () => {
    standing = { state: 'completed', stage: 'evaluate', round: 4, losses: [0.5, 0.4, 0.3, 0.2] };
    assert.deepEqual(await pilot('job', JOB_ID, '--follow'), { code: 0, out: 'Trained.', err: '' });
  });

  test('fetch its model, and say when there is none yet', async () => {
    standing = STANDING;
    standing = { round: 1 };
    const early = await pilot('download', JOB_ID);
    assert.deepEqual(
      [early.code, early.err],
      [1, 'There is no model yet: it is not merged, or was not kept. The job is still running.'],
    );
    standing = { state: 'completed', round: 4, losses: [0.2] };
    const { code, out } = await pilot('download', JOB_ID, '--out', 'models');
    assert.equal(code, 0);
    assert.match(out, /^Model +.*\/models\/digits\/model\.npz {2}\(7 B\)\nFiles /);
    assert.deepEqual(await readdir(join(folder, 'models', 'digits')), ['model.npz']);
  });

  test('fetch the best model of a training that is not over, and that of any round', async () => {
    standing = STANDING;
    const running = await pilot('download', JOB_ID, '--out', 'some');
    assert.deepEqual([running.code, running.err], [1, 'That is the best so far. The job is still running.']);
    for (const state of ['paused', 'canceled', 'failed'] as const) {
      standing = { ...STANDING, state };
      const { code, out } = await pilot('download', JOB_ID, '--out', state);
      assert.equal(code, 0);
      assert.match(
        out,
        /^Model +.*\/digits\/model-round-1\.npz {2}\(5 B\), of round 1 of 4, the best so far: loss 0\.5$/,
      );
      assert.deepEqual(await readdir(join(folder, state, 'digits')), ['model-round-1.npz']);
    }
    const second = await pilot('download', JOB_ID, '--out', 'second', '--which', '2');
    assert.deepEqual(
      [second.code, await readdir(join(folder, 'second', 'digits'))],
      [0, ['model-round-2.npz']],
    );
    const none = await pilot('download', JOB_ID, '--which', '3');
    assert.deepEqual([none.code, none.err], [1, 'Round 3 has no model: it is not merged, or was not kept.']);
    for (const [flags, name] of [
      [['--round', '2'], 'model-round-2.npz'],
      [['--best'], 'model-round-1.npz'],
      [['--last'], 'model-round-2.npz'],
    ] as const) {
      standing = { ...STANDING, state: 'paused' };
      const { code } = await pilot('download', JOB_ID, '--out', `to${flags[0]}`, ...flags);
      assert.deepEqual([code, await readdir(join(folder, `to${flags[0]}`, 'digits'))], [0, [name]]);
    }
    const both = await pilot('download', JOB_ID, '--best', '--round', '2');
    assert.deepEqual([both.code, both.err], [1, 'Say one result: 2, best were named.']);
  });
});
