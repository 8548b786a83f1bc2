import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { JOB_ID, refusal, sampleJob, startSmallFarm } from '../fixtures/small-farm.ts';
import { createApi } from './client.ts';
import { submitJob } from './submit-job.ts';

const request: CreateJob = {
  kind: 'blender',
  source: { blob: '0'.repeat(64) as never, fileName: 'cubes.blend' },
  name: 'cubes',
  settings: { frames: '1-3' },
};

for (const taken of [true, false]) {
  test(`a job whose answer was lost is ${taken ? 'found' : 'sent again'}, so that there is one`, async () => {
    let posts = 0;
    const there = () => posts > 1 || (taken && posts === 1);
    const job = sampleJob();
    const farm = await startSmallFarm(({ method, path }) => {
      if (method === 'POST') {
        posts += 1;
        return posts === 1
          ? refusal(504, 'gateway-timeout', 'No answer in time.')
          : { status: 201, body: job };
      }
      if (path.startsWith('/api/v1/jobs?')) {
        return { body: { jobs: there() ? [job] : [], next: null, total: there() ? 1 : 0, states: {} } };
      }
      return { body: job };
    });
    assert.equal(await submitJob(createApi({ url: farm.url, key: null }), request), JOB_ID);
    assert.equal(posts, taken ? 1 : 2);
    await farm.stop();
  });
}
