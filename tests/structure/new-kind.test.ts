import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

// The processes get the kind as a developer would give it to them: a folder in each package, a line in each registry.
const REGISTER = new URL('echo/register.ts', import.meta.url).href;
let farm: Farm;

before(async () => {
  const env = { NODE_OPTIONS: `--import ${REGISTER}` };
  farm = await startFarm({ workers: 0, env });
  await farm.addWorker(env);
});
after(() => farm?.stop());

const ask = async (method: string, path: string, body?: unknown) => {
  const headers = { 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers };
  const reply = await fetch(`${farm.url}/api/v1${path}`, { method, ...sent });
  return { status: reply.status, body: JSON.parse(await reply.text()) };
};

const over = async (id: JobId) => {
  let seen = '';
  return until(
    async () => {
      const { body } = await ask('GET', `/jobs/${id}`);
      seen = JSON.stringify(body);
      return ['completed', 'failed'].includes(body.state) ? body : null;
    },
    () => `the job was never over: ${seen}`,
    60_000,
  );
};

test('a kind of a few lines goes from its submission over a real worker to completed', async () => {
  const { status, body } = await ask('POST', '/jobs', { kind: 'echo', words: ['one', 'two', 'three'] });
  assert.equal(status, 201, JSON.stringify(body));
  const job = await over(body.id);
  assert.deepEqual([job.state, job.counts.done, job.view], ['completed', 3, { kind: 'echo', first: 'one' }]);
  const { chunks } = (await ask('GET', `/jobs/${body.id}/chunks`)).body;
  assert.deepEqual(
    chunks.map(({ label, number, state }: Record<string, unknown>) => [label, number, state]),
    ['one', 'two', 'three'].map((word) => [`The word ${word}`, null, 'done']),
  );
  assert.equal((await ask('POST', '/jobs', { kind: 'echo', words: [1] })).status, 400);
});

test('what it fails with has its name, and is tried again as the kind says', async () => {
  const { body } = await ask('POST', '/jobs', { kind: 'echo', words: ['hush'] });
  const job = await over(body.id);
  assert.deepEqual([job.state, job.problem.code], ['failed', 'echo/deaf']);
  const [chunk] = (await ask('GET', `/jobs/${body.id}/chunks`)).body.chunks;
  assert.equal(chunk.attempts, 1, 'another attempt cannot help');
});
