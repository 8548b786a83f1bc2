import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readCliConfig } from '../config.ts';
import { JOB_ID, sampleJob, sampleStates, startSmallFarm } from '../fixtures/small-farm.ts';
import { retryCommand } from './retry.ts';

test('a job is tried again, or one part of it by the number that people know it by', async (t) => {
  const farm = await startSmallFarm(({ path }) => {
    const at = `/api/v1/jobs/${JOB_ID}`;
    if (path === `${at}/chunks/states`) return { body: sampleStates('dfd') };
    return path === at || path.endsWith('/retry') ? { body: sampleJob() } : null;
  });
  t.after(() => farm.stop());
  const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
  const config = readCliConfig({ PILOT_SERVER: farm.url });
  const run = (...args: string[]) =>
    retryCommand({ config, stdout, stderr: stdout }).parseAsync([JOB_ID, ...args], { from: 'user' });
  const posts = () => farm.asked.filter(({ method }) => method === 'POST').map(({ path }) => path);
  await run();
  await run('--only', '12');
  assert.deepEqual(posts(), [`/api/v1/jobs/${JOB_ID}/retry`, `/api/v1/jobs/${JOB_ID}/chunks/2/retry`]);
  await assert.rejects(run('--only', '9'), /no part with the number 9/);
  await assert.rejects(run('--only', 'x'), /--only x: write one whole number/);
  assert.equal(posts().length, 2);
});
