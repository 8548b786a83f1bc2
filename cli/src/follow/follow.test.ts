import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { until } from '../../../tests/support/until.ts';
import { createApi } from '../api/client.ts';
import { ApiError } from '../api/request.ts';
import { JOB_ID, refusal, sampleJob, sampleStates, startSmallFarm } from '../fixtures/small-farm.ts';
import { frames } from '../kinds/blender/frames.ts';
import { renderPresenter } from '../kinds/blender/presenter.ts';
import type { RunEvent } from '../report/events.ts';
import { lineReporter } from '../report/reporters.ts';
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
  const events: RunEvent[] = [];
  const told = (name: string) => until(() => events.some((one) => one.event === name), `no ${name}`);
  const following = followJob(frames, createApi({ url: before.url, key: null }), id, {
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

test('a log says once what a job waits for, when the farm notes it', async () => {
  const note = {
    at: 1,
    level: 'warning',
    code: 'waiting-worker',
    message: 'No worker is connected. The job goes on as soon as one joins.',
  };
  let job = sampleJob({ state: 'queued' });
  let asked = 0;
  const farm = await startSmallFarm(({ path }) => {
    if (path.endsWith('/states')) return { body: sampleStates(job.state === 'completed' ? 'ddd' : 'qqq') };
    if (path.includes('/chunks?')) return null;
    asked += 1;
    return { body: job };
  });
  const written: string[] = [];
  const reporter = lineReporter((text) => written.push(text), renderPresenter);
  const following = followJob(frames, createApi({ url: farm.url, key: null }), id, {
    report: (event) => reporter.report(event),
    signal: new AbortController().signal,
  });
  await until(() => written.length > 0, 'it is not followed');
  job = sampleJob({ state: 'queued', notes: [note] });
  await until(() => written.some((line) => line.startsWith('Warning')), 'the note is not told');
  const before = asked;
  await until(() => asked > before + 1, 'it is not followed on');
  job = sampleJob({ state: 'completed' }, 'ddd');
  await following;
  await farm.stop();
  assert.deepEqual(
    written.filter((line) => !line.startsWith('Frame')),
    ['Waiting for a worker.\n', `Warning: ${note.message}\n`, 'Rendered.\n'],
  );
});

test('a refusal ends the following with its sentence', async () => {
  const farm = await startSmallFarm(() => refusal(404, 'no-such-job', 'There is no such job.'));
  const following = followJob(frames, createApi({ url: farm.url, key: null }), id, {
    report: () => {},
    signal: new AbortController().signal,
  });
  await assert.rejects(following, (error) => error instanceof ApiError && error.code === 'no-such-job');
  await farm.stop();
});
