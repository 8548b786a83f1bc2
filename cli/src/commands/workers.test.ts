import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { MadeJoinToken } from '@parallel-pilot/shared/api/machines.ts';
import { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { readCliConfig } from '../config.ts';
import { startSmallFarm } from '../fixtures/small-farm.ts';
import { workersCommand } from './workers.ts';

const worker = (id: string, name: string, label: string | null) =>
  WorkerView.parse({
    ...{
      id,
      name,
      label,
      lender: null,
      worksFor: 'team',
      sandboxed: true,
      disabled: false,
      status: 'online',
    },
    ...{
      tags: [],
      pools: ['film'],
      atStart: null,
      note: '',
      mine: true,
      ofTeam: true,
      mayChange: true,
      slots: 1,
      offer: null,
      used: null,
      lent: null,
      lending: null,
      capabilities: {},
      load: null,
    },
    ...{ machine: { os: 'Linux', cpus: 1, memoryBytes: 1 }, connectedAt: 1, lastSeenAt: 1 },
    ...{ chunksDone: 3, chunksFailed: 0, running: [] },
  });
const JOIN_TOKEN = MadeJoinToken.parse({
  joinToken: {
    ...{ id: 'jtk_abcdefgh', name: 'x', person: { id: 'per_abcdefgh', name: 'Ada' }, worksFor: 'team' },
    ...{ usesLeft: 2, workers: 0, createdAt: 1, expiresAt: null, state: 'good', mine: true },
  },
  token: 'pilot_join_secret',
});

async function setUp() {
  const workers = [
    worker('wrk_aaaaaaaa', 'studio', 'the fast one'),
    worker('wrk_bbbbbbbb', 'studio', null),
    worker('wrk_bcbbbbbb', 'laptop', null),
  ];
  const farm = await startSmallFarm(({ method, path }) => {
    if (method === 'DELETE') return { status: 200, body: {} };
    if (path === '/api/v1/workers') return { body: { workers } };
    if (path === '/api/v1/join-tokens') return { status: 201, body: JOIN_TOKEN };
    if (path.endsWith('/history')) return { body: { attempts: [], next: null } };
    return method === 'PATCH' ? { body: workers[0] } : null;
  });
  const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
  const config = readCliConfig({});
  const run = async (...args: string[]): Promise<string> => {
    const at = ['--server', farm.url];
    await workersCommand({ config, stdout, stderr: stdout }).parseAsync([...args, ...at], { from: 'user' });
    return String(stdout.read() ?? '').trim();
  };
  const changes = () =>
    farm.asked.flatMap(({ method, path, body }) =>
      method === 'PATCH' || method === 'DELETE' ? [`${method} ${path.slice(16)} ${body}`.trim()] : [],
    );
  return { farm, run, changes };
}

test('what is done to a worker is asked of the farm, and told in a sentence', async (t) => {
  const { farm, run, changes } = await setUp();
  t.after(() => farm.stop());
  assert.equal(await run('disable', 'the fast one'), 'the fast one is given no more work.');
  assert.equal(await run('enable', 'aaaa'), 'the fast one is given work.');
  assert.equal(await run('rename', 'laptop', 'mine'), 'laptop is now called mine.');
  assert.equal(await run('rename', 'laptop', ''), 'laptop has its own name again.');
  assert.equal(await run('tag', 'laptop', 'gpu, quiet,'), 'laptop has the tags gpu, quiet.');
  assert.equal(await run('pool', 'laptop', 'film,night'), 'laptop is in the pools film, night.');
  assert.equal(await run('as-started', 'laptop'), 'laptop has the tags and pools that it was started with.');
  assert.equal(await run('note', 'laptop', 'under the desk'), 'laptop has that note.');
  assert.equal(await run('for', 'laptop', 'everyone'), 'laptop works for everyone.');
  assert.match(await run('drain', 'laptop'), /finishes what it has begun, and ends/);
  assert.match(await run('revoke', 'laptop'), /^laptop was removed\./);
  assert.equal(await run('history', 'laptop'), 'It has done nothing so far.');
  assert.deepEqual(changes(), [
    'PATCH wrk_aaaaaaaa {"disabled":true}',
    'PATCH wrk_aaaaaaaa {"disabled":false}',
    'PATCH wrk_bcbbbbbb {"label":"mine"}',
    'PATCH wrk_bcbbbbbb {"label":null}',
    'PATCH wrk_bcbbbbbb {"tags":["gpu","quiet"]}',
    'PATCH wrk_bcbbbbbb {"pools":["film","night"]}',
    'PATCH wrk_bcbbbbbb {"tags":null,"pools":null}',
    'PATCH wrk_bcbbbbbb {"note":"under the desk"}',
    'PATCH wrk_bcbbbbbb {"worksFor":"everyone"}',
    'PATCH wrk_bcbbbbbb {"draining":true}',
    'DELETE wrk_bcbbbbbb',
  ]);
});

test('a name that several workers have, or none, is refused with what to do', async (t) => {
  const { farm, run, changes } = await setUp();
  t.after(() => farm.stop());
  await assert.rejects(
    run('disable', 'studio'),
    /Several .* wrk_aaaaaaaa, wrk_bbbbbbbb\. Write the id of one/,
  );
  await assert.rejects(run('disable', 'b'), /Several workers/);
  await assert.rejects(run('disable', 'nobody'), /No worker is called "nobody"/);
  assert.deepEqual(changes(), []);
});

test('a token is printed alone, so that it can go into a file', async (t) => {
  const { farm, run } = await setUp();
  t.after(() => farm.stop());
  assert.equal(await run('token', '--uses', '2', '--for', 'everyone'), 'pilot_join_secret');
  const asked = farm.asked.find(({ method }) => method === 'POST');
  const { name: _, ...rest } = JSON.parse(asked?.body ?? '{}');
  assert.deepEqual(rest, { uses: 2, worksFor: 'everyone', expiresAt: null });
});
