import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pipelineSchema } from '@parallel-pilot/cli/pipeline/schema.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { machineWithImage } from '../support/machine-with-image.ts';
import { blocksOf, createFollower, type Follower, root } from '../support/page-to-follow.ts';
import { until } from '../support/until.ts';

const page = await readFile(join(root, 'docs/pipelines.md'), 'utf8');

let farm: Farm;
let follower: Follower;
let env: Record<string, string>;
before(async () => {
  follower = await createFollower();
  const machine = await machineWithImage(follower.folder, ['docker.io/library/busybox:1.37']);
  env = machine.env;
  farm = await startFarm({ workers: 0 });
  for (let worker = 0; worker < 4; worker += 1) await farm.addWorker(machine.worker);
  const examples = join(follower.folder, 'examples/pipelines');
  await cp(join(root, 'examples/pipelines'), examples, { recursive: true });
});
after(async () => {
  await farm?.stop();
  await follower?.remove();
});

type Job = { id: string; name: string; state: string; stage: string };
const jobs = async (): Promise<Job[]> => (await api(farm.url).json('GET', '/jobs')).jobs;

const follow = (text: string) =>
  follower.run(text, { ...env, PILOT_SERVER: farm.url, PILOT_DATA: join(follower.folder, 'data') });

/** Submitted once, and once more as a template. */
const CHAIN = ['add by=10', 'add by=20', 'make', 'told'];

test('every line of the page on pipelines can be followed, with every process killed in the middle of one', async () => {
  let killed = false;
  for (const block of blocksOf(page)) {
    const { language, text } = block;
    if (language === 'yaml' && block.file !== undefined) await follower.write(block);
    if (language !== 'sh') continue;
    const ran = follow(text);
    if (!killed) {
      killed = true;
      // The second of the five is under way, or just over: the others wait.
      await until(
        async () =>
          (await jobs()).some(
            ({ name, state }) => name === 'learn' && !['blocked', 'preparing'].includes(state),
          ),
        'nothing was learnt',
        120_000,
      );
      assert.equal((await jobs()).find(({ name }) => name === 'film')?.state, 'blocked');
      const processes = [farm.balancer, farm.backend, ...farm.workers];
      await Promise.all(processes.map((one) => one.end('SIGKILL')));
      for (const one of processes) await one.start();
    }
    const { exitCode, stdout, stderr } = await ran;
    assert.equal(exitCode, 0, `${text}\n${stdout}\n${stderr}`);
  }
  const all = await jobs();
  assert.deepEqual(
    all.map(({ name, state }) => `${name} ${state}`).sort(),
    [...CHAIN, ...CHAIN, 'Square', 'Sum', 'draw', 'film', 'learn', 'sheet', 'simulate']
      .map((name) => `${name} completed`)
      .sort(),
  );
  const added = all.findLast(({ name }) => name === 'add by=20');
  const file = await fetch(`${farm.url}/api/v1/jobs/${added?.id}/runs/1/file?path=pilot.out`);
  assert.equal(await file.text(), '1 + 20\n2 + 20\n3 + 20\n');
  const sum = all.find(({ name }) => name === 'Sum');
  const printed = await fetch(`${farm.url}/api/v1/jobs/${sum?.id}/runs/1/file?path=pilot.out`);
  assert.equal(await printed.text(), '149cm\n');
  // What was submitted can be kept from its page too, with the places of its parameters, whatever it was said in.
  const { pipelines } = await api(farm.url).json('GET', '/pipelines');
  const places: Record<string, unknown> = {};
  for (const { id, name } of pipelines)
    places[name] = (await api(farm.url).json('GET', `/pipelines/${id}`)).template;
  assert.deepEqual(places, {
    'Squares to 3': { parameters: {}, fixed: { Last: '3', Out: './out' } },
    chain: { parameters: { rows: { default: 3 } }, fixed: {} },
    disc: { parameters: { runs: { default: 8 }, frames: { default: 2 } }, fixed: {} },
  });
  const film = all.find(({ name }) => name === 'film');
  const artifacts = await api(farm.url).json('GET', `/jobs/${film?.id}/artifacts`);
  assert.ok(
    artifacts.artifacts.some(({ name }: { name: string }) => name.endsWith('.mp4')),
    'no film came of it',
  );
  const sheet = all.find(({ name }) => name === 'sheet');
  const shown = await fetch(`${farm.url}/api/v1/jobs/${sheet?.id}/runs/1/file?path=sheet.html`);
  assert.equal((await shown.text()).match(/src="data:image\/png;base64,iVBOR/g)?.length, 2);
});

test('the schema for editors is that by which files are read', async () => {
  const published = JSON.parse(await readFile(join(root, 'docs/pipeline.schema.json'), 'utf8'));
  assert.deepEqual(published, JSON.parse(JSON.stringify(pipelineSchema())));
});
