import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dockerArchive } from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import { ContainerView } from '@parallel-pilot/shared/kinds/container/view.ts';
import { findEngine } from '@parallel-pilot/worker/kinds/container/engine.ts';
import { execa } from 'execa';
import { api } from '../support/api.ts';
import { type Farm, type Part, startFarm } from '../support/farm.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { until } from '../support/until.ts';

const PILOT = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
let farm: Farm;
let own: string;
let folder: string;

before(async () => {
  own = await mkdtemp(join(tmpdir(), 'pilot-e2e-container-'));
  folder = join(own, 'work');
  await mkdir(folder);
  farm = await startFarm({ workers: 0 });
  // Stores of their own, as on two machines.
  for (const name of ['a', 'b']) await farm.addWorker({ PILOT_HOST_FOLDER: join(own, name) });
  await writeFile(join(folder, 'image.tar'), await dockerArchive());
});
after(async () => {
  await farm?.stop();
  await removeFolder(own);
});

/** `pilot run` with these options and words, as somebody types it where the image is. */
const pilotRun = (options: string[], ...words: string[]) =>
  execa(process.execPath, [PILOT, 'run', '--server', farm.url, ...options, '--', ...words], {
    ...{ cwd: folder, reject: false, all: true },
    env: { PILOT_DATA: join(folder, 'data'), NO_COLOR: '1' },
  });

/** Names of all containers that the two workers have. */
async function containers(): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['a', 'b']) {
    const engine = await findEngine(join(own, name, 'containers'));
    assert.ok(engine !== null);
    const listed = await execa(engine.command, ['ps', '--all', '--format', '{{.Names}}'], {
      ...{ env: engine.env, extendEnv: false },
    });
    found.push(...listed.stdout.split('\n').filter(Boolean));
  }
  return found;
}

test('a kill -9 of a worker in the middle loses no run, and no container outlives it', async () => {
  const script = 'sleep 0.5; cat /etc/motto; echo $PILOT_INDEX > n';
  // What puts the results together runs in the image, too.
  const sum = 's=0; for n in results/*/n; do s=$((s + $(cat $n))); done; cat /etc/motto; echo $s > sum.txt';
  await writeFile(join(folder, 'sum.sh'), sum);
  const options = ['--image', 'image.tar', '--array', '1-12', '--gather', 'sum.sh', '--out', 'out'];
  const running = pilotRun(options, 'sh', '-c', script);
  const done = () => farm.db.selectFrom('leases').select('chunk_id').where('outcome', '=', 'done').execute();
  await until(async () => (await done()).length >= 2, 'no run was done');
  const victim = farm.workers[0] as Part;
  const pid = victim.pid();
  await victim.end('SIGKILL');
  const left = async () => (await containers()).filter((name) => name.includes(`-${pid}-`));
  await until(async () => (await left()).length === 0, 'a container outlived its worker');
  const { exitCode, all } = await running;
  assert.equal(exitCode, 0, all);
  const saved = join(folder, 'out', 'sh');
  assert.equal(await readFile(join(saved, 'sum.txt'), 'utf8'), '78\n');
  const folders = (await readdir(saved)).filter((name) => /^\d+$/.test(name)).sort();
  assert.equal(folders.length, 12);
  for (const name of folders) {
    assert.equal(await readFile(join(saved, name, 'n'), 'utf8'), `${Number(name)}\n`);
    assert.equal(await readFile(join(saved, name, 'pilot.out'), 'utf8'), 'inside\n');
  }
  const [job] = (await api(farm.url).json('GET', '/jobs')).jobs;
  const { image } = ContainerView.parse((await api(farm.url).json('GET', `/jobs/${job.id}`)).view);
  assert.deepEqual([image.from, image.name, image.taken?.layers], ['archive', 'image.tar', 1]);
  await victim.start();
});

test('an image or a Dockerfile that cannot be used is told in a sentence', async () => {
  await writeFile(join(folder, 'other.tar'), await dockerArchive({ architecture: 's390x' }));
  await mkdir(join(folder, 'from'));
  await writeFile(join(folder, 'from/Dockerfile'), 'FROM pilot.invalid/nothing:1\n');
  for (const [option, value, said] of [
    [
      '--image',
      'other.tar',
      /The image is for linux\/s390x, and no worker of this farm has such a processor/,
    ],
    [
      '--image',
      'pilot.invalid/nothing:1',
      /is not on this worker, and could not be pulled: its registry cannot be reached/,
    ],
    ['--dockerfile', 'from', /begins with \(FROM\) is not on this worker, and could not be pulled/],
  ] as const) {
    const { exitCode, all } = await pilotRun([option, value, '--out', 'bad'], 'true');
    assert.equal(exitCode, 1, `${value}: ${all}`);
    assert.match(all ?? '', said);
  }
  const asked = await pilotRun(['--image', 'image.tar', '--network', '--out', 'bad'], 'true');
  assert.match(asked.all ?? '', /No worker of this farm lets containers onto the network/);
  assert.deepEqual(await containers(), []);
});
