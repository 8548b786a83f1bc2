import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { Submission } from './submission.ts';

/** What the farm was asked, and what it answers to each new job: an id, or why not. */
let asked: string[];
let answers: ({ id: string } | { status: number; detail: string } | 'away' | 'lost')[];
/** Jobs that the farm has taken in, by their group, though it could not say so. */
let taken: Map<string, string>;
const real = { fetch: globalThis.fetch, window: globalThis.window };

beforeEach(() => {
  asked = [];
  answers = [];
  taken = new Map();
  globalThis.window = { isSecureContext: true } as never;
  globalThis.fetch = (async (path: string, init: RequestInit) => {
    const group = new URL(path, 'http://x').searchParams.get('group');
    if (group !== null) {
      const jobs = taken.has(group) ? [{ ...ROW, id: taken.get(group) }] : [];
      return Response.json({ jobs, next: null, total: jobs.length, states: {} });
    }
    if (init.method === 'GET') {
      asked.push('blob');
      return Response.json({ hash: path.split('/').at(-2), size: 1, mediaType: 'text/plain' });
    }
    asked.push(JSON.parse(String(init.body)).name);
    const answer = answers.shift();
    if (answer === undefined) throw new Error('no answer is left');
    if (answer === 'lost') taken.set(JSON.parse(String(init.body)).group, ROW.id);
    if (answer === 'away' || answer === 'lost') throw new TypeError('fetch failed');
    if ('id' in answer) return Response.json(answer);
    const problem = { type: 'x', title: 'x', code: 'x', ...answer };
    return Response.json(problem, { status: answer.status });
  }) as typeof fetch;
});
afterEach(() => Object.assign(globalThis, real));

const ROW = {
  id: 'job_abcdefghij0123456789',
  person: 'per_abcdefghij0123456789',
  kind: 'blender',
  name: 'one',
  state: 'preparing',
  priority: 0,
  createdAt: 0,
  updatedAt: 0,
  startedAt: null,
  finishedAt: null,
  stage: 'probe',
  counts: { total: 1, queued: 1, leased: 0, running: 0, done: 0, failed: 0, canceled: 0 },
  fraction: 0,
  group: null,
  eta: null,
  etaSeconds: null,
  deadline: null,
  newest: null,
  bytes: null,
  problem: null,
};
const script = { part: 'script', file: new File(['a'], 'a.py') };
const data = { part: 'data', file: new File(['b'], 'b.csv') };
const jobs = (...names: string[]) => names.map((name) => ({ name }) as CreateJob);

function reaches(submission: Submission, phase: string): Promise<void> {
  return new Promise((resolve) => {
    const check = () => submission.get().phase === phase && resolve();
    submission.subscribe(check);
    check();
  });
}

test('files wait for what is to be made of them, and one that is there is not looked for again', async () => {
  const submission = new Submission();
  submission.start('training', [script], null);
  await reaches(submission, 'stored');
  submission.start('training', [script, data], null);
  await reaches(submission, 'stored');
  assert.deepEqual(asked, ['blob', 'blob']);
  const state = submission.get();
  assert.ok(state.phase === 'stored');
  assert.equal(state.fileName, 'a.py and b.csv');

  answers = [{ id: 'job_1' }];
  let sources = {};
  submission.submit((given) => {
    sources = given;
    return jobs('one');
  });
  await reaches(submission, 'created');
  assert.deepEqual(Object.keys(sources), ['script', 'data']);
});

test('a sweep that stops half-way goes on where it stopped', async () => {
  const submission = new Submission();
  answers = [{ id: 'job_1' }, { status: 503, detail: 'The database is away.' }, { id: 'job_2' }];
  submission.start('training', [script, data], () => jobs('one', 'two'));
  await reaches(submission, 'refused');
  const refused = submission.get();
  assert.ok(refused.phase === 'refused' && refused.canRetry && refused.stored);
  assert.equal(refused.message, 'The first job is created. The database is away.');
  submission.retry();
  await reaches(submission, 'created');
  assert.deepEqual(asked, ['blob', 'blob', 'one', 'two', 'two']);
  const created = submission.get();
  assert.deepEqual(created.phase === 'created' && created.jobs, ['job_1', 'job_2']);
});

test('a job is created by itself once the farm is back', async () => {
  const submission = new Submission(5);
  const phases: string[] = [];
  submission.subscribe(() => {
    const state = submission.get();
    phases.push(state.phase === 'creating' && state.away ? 'away' : state.phase);
  });
  answers = ['away', 'away', { id: 'job_1' }];
  submission.start('training', [script], () => jobs('one'));
  await reaches(submission, 'created');
  assert.deepEqual(asked, ['blob', 'one', 'one', 'one']);
  assert.ok(phases.includes('away') && !phases.includes('refused'), phases.join());
});

test('a job that was taken in, though the answer was lost, is not created a second time', async () => {
  const submission = new Submission(5);
  answers = ['lost'];
  submission.start('training', [script], () => jobs('one'));
  await reaches(submission, 'created');
  const state = submission.get();
  assert.deepEqual(state.phase === 'created' && state.jobs, [ROW.id]);
  assert.deepEqual(asked, ['blob', 'one']);
});
