import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { until } from '../../../tests/support/until.ts';
import { createApi } from '../api/client.ts';
import { ApiError } from '../api/request.ts';
import { JOB_ID, refusal, sampleJob, sampleStates, startSmallFarm } from '../fixtures/small-farm.ts';
import type { RenderEvent } from '../report/events.ts';
import { followJob } from './follow.ts';

const id = JobId.parse(JOB_ID);

test('a job is followed over the death and return of its server', async () => {
  let letters = 'dqq';
  const answer = ({ path }: { path: string }) => {
    if (path.endsWith('/states')) return { body: sampleStates(letters) };
    const state = letters === 'ddd' ? 'completed' : 'running';
    return path === `/api/v1/jobs/${JOB_ID}` ? { body: sampleJob({ state }, letters) } : null;
  };
  const before = await startSmallFarm(answer);
  const events: RenderEvent[] = [];
  const told = (name: string) => until(() => events.some((one) => one.event === name), `no ${name}`);
  const following = followJob(createApi({ url: before.url, key: null }), id, {
    report: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  await told('frame.done');
  await before.stop();
  await told('server.lost');
  letters = 'ddd';
  const after = await startSmallFarm(answer, before.port);
  assert.equal((await following)?.state, 'completed');
  await after.stop();
  const facts = events.filter((event) => event.event !== 'job.progress');
  assert.deepEqual(
    facts.map((event) => (event.event === 'frame.done' ? event.frame : event.event)),
    [10, 'job.state', 'server.lost', 'server.back', 11, 12, 'job.state'],
  );
});

test('a refusal ends the following with its sentence', async () => {
  const farm = await startSmallFarm(() => refusal(404, 'no-such-job', 'There is no such job.'));
  const following = followJob(createApi({ url: farm.url, key: null }), id, {
    report: () => {},
    signal: new AbortController().signal,
  });
  await assert.rejects(following, (error) => error instanceof ApiError && error.code === 'no-such-job');
  await farm.stop();
});
