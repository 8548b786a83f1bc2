import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pipelineSchema } from '@parallel-pilot/cli/pipeline/schema.ts';
import { execa } from 'execa';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(root, 'docs/pipelines.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
  language,
  text,
}));

let farm: Farm;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-docs-'));
  farm = await startFarm({ workers: 2 });
  await mkdir(join(folder, 'bin'));
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'cli/src/main.ts')}" "$@"\n`;
  await writeFile(join(folder, 'bin', 'npx'), npx, { mode: 0o755 });
  await cp(join(root, 'examples/pipelines'), join(folder, 'examples/pipelines'), { recursive: true });
});
after(async () => {
  await farm?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Job = { id: string; name: string; state: string; stage: string };
const jobs = async (): Promise<Job[]> => (await api(farm.url).json('GET', '/jobs')).jobs;

const follow = (text: string) =>
  execa('sh', ['-e', '-c', text], {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      PILOT_SERVER: farm.url,
      PILOT_DATA: join(folder, 'data'),
    },
    reject: false,
  });

test('every line of the page on pipelines can be followed, with balancer and backend killed in the middle of one', async () => {
  let killed = false;
  for (const { language, text } of blocks) {
    const file = /^# ([\w.]+)\n/.exec(text)?.[1];
    if (language === 'yaml' && file !== undefined) await writeFile(join(folder, file), text);
    if (language !== 'sh') continue;
    const ran = follow(text);
    if (!killed) {
      killed = true;
      // The second of the four is under way, or just over: the others wait.
      await until(
        async () =>
          (await jobs()).some(
            ({ name, state }) => name === 'learn' && !['blocked', 'preparing'].includes(state),
          ),
        'nothing was learnt',
        120_000,
      );
      assert.equal((await jobs()).find(({ name }) => name === 'film')?.state, 'blocked');
      await Promise.all([farm.balancer.end('SIGKILL'), farm.backend.end('SIGKILL')]);
      await farm.balancer.start();
      await farm.backend.start();
    }
    const { exitCode, stdout, stderr } = await ran;
    assert.equal(exitCode, 0, `${text}\n${stdout}\n${stderr}`);
  }
  const all = await jobs();
  assert.deepEqual(
    all.map(({ name, state }) => `${name} ${state}`).sort(),
    ['add by=10', 'add by=20', 'draw', 'film', 'learn', 'make', 'simulate', 'told'].map(
      (name) => `${name} completed`,
    ),
  );
  const added = all.find(({ name }) => name === 'add by=20');
  const file = await fetch(`${farm.url}/api/v1/jobs/${added?.id}/runs/1/file?path=pilot.out`);
  assert.equal(await file.text(), '1 + 20\n2 + 20\n3 + 20\n');
  const film = all.find(({ name }) => name === 'film');
  const artifacts = await api(farm.url).json('GET', `/jobs/${film?.id}/artifacts`);
  assert.ok(
    artifacts.artifacts.some(({ name }: { name: string }) => name.endsWith('.mp4')),
    'no film came of it',
  );
});

test('the schema for editors is that by which files are read', async () => {
  const published = JSON.parse(await readFile(join(root, 'docs/pipeline.schema.json'), 'utf8'));
  assert.deepEqual(published, JSON.parse(JSON.stringify(pipelineSchema())));
});
