import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { execa } from 'execa';
import { until } from '../../../../tests/support/until.ts';
import { type Standing, startTrainingFarm } from '../../fixtures/training-farm.ts';
import { RunEvent } from '../../report/events.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const DONE: Standing = { state: 'completed', stage: 'evaluate', round: 4, losses: [0.5, 0.4, 0.3, 0.2] };
const FILES = ['history.csv', 'logs.txt', 'metrics.json', 'model.npz', 'model.safetensors', 'script.py'];
const lrOf = (request: CreateJob): unknown =>
  request.kind === 'training' ? request.settings?.params?.lr : undefined;

/** The whole command as a process, against a farm of which only the answers are played. */
describe('pilot train', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-train-'));
    await writeFile(join(folder, 'digits.py'), 'import pilot\n');
    await writeFile(join(folder, 'digits.npz'), 'data');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const start = (url: string, out: string, args: string[]) => {
    const files = ['digits.py', '--data', 'digits.npz', '--rounds', '4', '--shards', '2'];
    return execa(process.execPath, [main, 'train', ...files, '--server', url, '--out', out, ...args], {
      cwd: folder,
      env: { PILOT_DATA: join(folder, 'data', out) },
      reject: false,
    });
  };
  const pilot = async (
    standing: Parameters<typeof startTrainingFarm>[0],
    out: string,
    args: string[] = [],
  ) => {
    const farm = await startTrainingFarm(standing);
    const { exitCode, stdout, stderr } = await start(farm.url, out, args);
    await farm.stop();
    return { farm, exitCode, stdout, stderr, lines: stdout.split('\n') };
  };
  const eventsOf = (lines: string[]): RunEvent[] => lines.map((line) => RunEvent.parse(JSON.parse(line)));

  test('saves the model and says where it is, with the figures of each round', async () => {
    const way: Standing[] = [{ state: 'queued', stage: 'split' }, { round: 2, losses: [0.5] }, DONE];
    const { exitCode, lines, stderr, farm } = await pilot((_, asked) => way[asked] ?? DONE, 'one');
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual((await readdir(join(folder, 'one', 'digits'))).sort(), FILES);
    const from = lines.indexOf('Training 4 rounds over 2 shards.');
    assert.deepEqual(lines.slice(from + 1, from + 6), [
      'Round 1 of 4: loss 0.5 (0:02)',
      'Round 2 of 4: loss 0.4 (0:02)',
      'Round 3 of 4: loss 0.3 (0:02)',
      'Round 4 of 4: loss 0.2 (0:02)',
      'Trained.',
    ]);
    assert.ok(lines.includes('Metrics  loss 0.2'), lines.join('\n'));
    assert.deepEqual(farm.taken[0]?.request.settings, { ...farm.taken[0]?.request.settings, shards: 2 });
  });

  test('says in the first line of the result what the model was trained without', async () => {
    const without = 'without shard 2 in all 4 rounds (50 % of the training): ValueError: no.';
    const { exitCode, lines } = await pilot(() => ({ ...DONE, without }), 'lossy');
    assert.equal(exitCode, 0);
    const model = lines.findIndex((line) => line.startsWith('Model '));
    assert.equal(lines[model - 1], `Trained ${without}`);
    assert.ok(!lines.includes('Trained.'));
  });

  test('does not write over the model of another training, but over its own', async () => {
    await pilot(() => DONE, 'twice');
    const own = await pilot(() => DONE, 'twice');
    assert.ok(!own.stdout.includes('another training'), own.stdout);
    await writeFile(join(folder, 'twice', 'digits', 'metrics.json'), '{"job":"job_another"}');
    const other = await pilot(() => DONE, 'twice');
    assert.match(
      other.stdout,
      /digits holds the model of another training, so this one goes to .*digits-2\./,
    );
    assert.deepEqual((await readdir(join(folder, 'twice'))).sort(), ['digits', 'digits-2']);
    const kept = await readFile(join(folder, 'twice', 'digits', 'metrics.json'), 'utf8');
    assert.equal(kept, '{"job":"job_another"}');
  });

  test('ends with code 0 only when the model is there', async () => {
    const noModel = { ...DONE, files: ['metrics.json'] };
    const without = await pilot(() => noModel, 'without', ['--json']);
    assert.deepEqual([without.exitCode, without.stderr], [1, 'There is no model.']);
    assert.deepEqual(eventsOf(without.lines).at(-1), { event: 'error', message: 'There is no model.' });
    const problem = { code: 'shards-missing', message: 'Round 2 could not be finished.' };
    const failed = await pilot(() => ({ state: 'failed', round: 2, problem }), 'failed');
    assert.deepEqual([failed.exitCode, failed.stderr], [1, problem.message]);
  });

  test('tells the figures of the model that is handed out, which may not be the last', async () => {
    const { lines } = await pilot(() => ({ ...DONE, losses: [0.2, 0.9], delivered: 0.2 }), 'best', [
      '--json',
    ]);
    const last = eventsOf(lines).at(-1);
    assert.deepEqual(last?.event === 'train.done' && last.metrics, { loss: 0.2 });
  });

  test('says of which round the model is, and where that of the last one is', async () => {
    const files = ['metrics.json', 'model.npz', 'model-last.npz'];
    const { stdout } = await pilot(() => ({ ...DONE, losses: [0.2, 0.9], delivered: 0.2, files }), 'which');
    assert.match(
      stdout,
      /^Model +\S+digits\/model\.npz {2}\(\d+ B\), of round 1, the best\nLast +\S+model-last\.npz$/m,
    );
  });

  const grid = ['--param', 'lr=0.1,0.01', '--param', 'width=32,64'];
  // The smaller rate does better, and the wider net a little.
  const swept = (request: CreateJob): Standing => {
    const params = request.kind === 'training' ? request.settings?.params : undefined;
    return { ...DONE, losses: [Number(params?.lr) + 1 / Number(params?.width)] };
  };

  test('trains each combination of parameters as a job of one group, side by side', async () => {
    const { farm, exitCode, lines, stderr } = await pilot(swept, 'sweep', grid);
    assert.equal(exitCode, 0, stderr);
    assert.equal(farm.taken.length, 4);
    assert.equal(new Set(farm.taken.map(({ request }) => request.group)).size, 1);
    const names = ['lr=0.01,width=32', 'lr=0.01,width=64', 'lr=0.1,width=32', 'lr=0.1,width=64'];
    const root = join(folder, 'sweep', 'digits');
    assert.deepEqual((await readdir(root)).sort(), [...names, 'sweep.csv']);
    for (const name of names) assert.deepEqual((await readdir(join(root, name))).sort(), FILES);
    const at = lines.findIndex((line) => / lr +width +LOSS +ROUND/.test(line));
    assert.deepEqual(
      lines.slice(at + 1, at + 5).map((line) => line.trim().split(/ +/).slice(0, 3)),
      [
        ['*', '0.01', '64'],
        ['0.01', '32', '0.04125'],
        ['0.1', '64', '0.1156'],
        ['0.1', '32', '0.1313'],
      ],
    );
    const csv = (await readFile(join(root, 'sweep.csv'), 'utf8')).split('\r\n');
    assert.equal(csv[0], 'lr,width,job,state,round,loss,folder');
    assert.match(csv[1] ?? '', /^0\.01,64,job_\w+,completed,4,0\.0256\d+,".*lr=0\.01,width=64"$/);
    assert.equal(csv.length, 6);
  });

  test('a sweep of which one training fails saves the others, and does not end with code 0', async () => {
    const problem = { code: 'script-failed', message: 'The script ended with an error.' };
    const standing = (request: CreateJob): Standing =>
      lrOf(request) === 0.1 ? { state: 'failed', problem } : DONE;
    const { exitCode, stderr, lines } = await pilot(standing, 'partly', [
      '--param',
      'lr=0.1,0.01,0.001',
      '--json',
    ]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^1 of 3 jobs came to no result\.\n {2}lr=0\.1: The script ended with an error\.$/);
    const done = eventsOf(lines).find((event) => event.event === 'sweep.done');
    assert.deepEqual(
      done?.jobs.map(({ variant, state, folder: at }) => [variant, state, at !== null]),
      [
        ['lr=0.01', 'completed', true],
        ['lr=0.001', 'completed', true],
        ['lr=0.1', 'failed', false],
      ],
    );
  });

  test('one that its sweep stopped is no failure: it comes behind the others, and the run ends with code 0', async () => {
    const message = 'Stopped by its sweep after round 1: loss 0.9 was not in the best third of 3.';
    const standing = (request: CreateJob): Standing =>
      lrOf(request) === 0.001
        ? DONE
        : { state: 'canceled', round: 1, losses: [0.01], problem: { code: 'stopped', message } };
    const asha = ['--sweep', 'lr=0.1,0.01,0.001', '--sweep-mode', 'asha', '--rounds', '4'];
    const { farm, exitCode, lines, stderr } = await pilot(standing, 'asha', asha);
    assert.equal(exitCode, 0, stderr);
    const [first] = farm.taken;
    assert.equal(first?.request.kind === 'training' && first.request.sweep?.mode, 'asha');
    const at = lines.findIndex((line) => / lr +LOSS +ROUND +STATE/.test(line));
    assert.deepEqual(
      lines.slice(at + 1, at + 4).map((line) => line.trim().split(/ +/)),
      [
        ['*', '0.001', '0.2', '4', 'completed'],
        ['0.1', '0.01', '1', 'stopped'],
        ['0.01', '0.01', '1', 'stopped'],
      ],
    );
  });

  test('interrupted, it leaves its jobs to the farm, and the same command takes all of them up', async () => {
    let over = false;
    const farm = await startTrainingFarm((request) =>
      over || lrOf(request) === 0.1 ? DONE : { round: 1, working: [0.5] },
    );
    const first = start(farm.url, 'again', [...grid, '--json']);
    await until(
      () => farm.asked.filter(({ path }) => /jobs\/job_\w+$/.test(path)).length >= 8,
      'not followed',
    );
    first.kill('SIGINT');
    const { exitCode, stderr } = await first;
    assert.equal(exitCode, 130);
    assert.match(stderr, /^The 2 jobs go on at http:/);
    over = true;
    const second = await start(farm.url, 'again', [...grid, '--json']);
    await farm.stop();
    assert.equal(second.exitCode, 0, second.stderr);
    const created = eventsOf(second.stdout.split('\n')).filter((event) => event.event === 'job.created');
    assert.deepEqual(
      created.map((event) => event.resumed),
      [true, true, true, true],
    );
    assert.equal(farm.taken.length, 4);
  });
});
