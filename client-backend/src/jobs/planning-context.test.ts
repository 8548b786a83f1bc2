import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { planningContext } from './planning-context.ts';
import { submit } from './submit.ts';
import { finishChunk, PROBE, startTestFarm, type TestFarm } from './test-farm.fixture.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
  await farm.addWorker();
  await farm.addWorker({ kinds: ['command'], 'command.programs': ['true'] });
});
after(() => farm.stop());

/** How many results the plan behind the first stage is made of, once all of that is done. */
async function readOf(id: JobId, result: unknown): Promise<[done: number, total: number]> {
  const { db } = farm.parts;
  const [job, stage] = [await findJob(db, id), await newestStage(db, id)];
  if (job === undefined || stage === undefined) throw new Error(`there is no job ${id}`);
  for (let ordinal = 0; ordinal < stage.chunk_count; ordinal += 1)
    await finishChunk(farm.parts, stage.id, ordinal, { result });
  const known = { given: null, taskValue: null, now: farm.parts.clock() };
  const { last } = await planningContext(db, kindOf(job.kind), job, stage, known);
  return [last.done.length, last.total];
}

test('a plan is made of what a stage came to, but for one of which its kind reads nothing', async () => {
  assert.deepEqual(await readOf(await farm.addJob(), PROBE), [1, 1]);
  const parameters = { from: 'array', range: { first: 1, last: 3 } };
  const sent = CreateJob.parse({ kind: 'command', words: ['true'], parameters });
  const taken = await submit(farm.parts, farm.by, sent);
  assert.ok(taken.ok, JSON.stringify(taken));
  assert.deepEqual(await readOf(taken.job, { runs: [], failed: [] }), [0, 3]);
});
