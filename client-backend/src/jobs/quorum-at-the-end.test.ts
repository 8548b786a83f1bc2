import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chunkId, type JobId, type StageId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob, jobsDue } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import fc from 'fast-check';
import { retryJob } from './actions.ts';
import { advance, type Need } from './advance.ts';
import { finishAssembly } from './finish-assembly.ts';
import { finishChunk, openStage, probed, startTestFarm, type TestFarm } from './test-farm.fixture.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
});
after(() => farm?.stop());

/** Does all that is due until nothing is, or something that takes long. */
async function settle(job: JobId): Promise<Need> {
  for (let step = 0; step < 20; step += 1) {
    const did = await advance(farm.parts, job);
    if (did === 'nothing' || did === 'assemble') return did;
  }
  throw new Error('it never comes to rest');
}

/** A job whose last stage has so many chunks, and is enough with so many of them done. */
async function jobWith(chunks: number, quorum: number): Promise<{ job: JobId; stage: StageId }> {
  const job = await farm.addJob({ settings: { frames: `1-${chunks}` } });
  await probed(farm.parts, job);
  const { id: stage, count } = await openStage(farm.parts, job);
  assert.equal(count, chunks);
  await farm.parts.db
    .updateTable('stages')
    .set({ quorum, quorum_after_ms: 0 })
    .where('id', '=', stage)
    .execute();
  return { job, stage };
}
const stateOf = async (job: JobId) => (await findJob(farm.parts.db, job))?.state;

/** What the balancer does with the rest of a closed stage, sooner or later. */
const cancelRest = (stage: StageId) =>
  farm.parts.db
    .updateTable('chunks')
    .set({ state: 'canceled' })
    .where('stage_id', '=', stage)
    .where('state', 'in', ['queued', 'leased', 'running'])
    .execute();
const deliver = (stage: StageId, ordinal: number) =>
  finishChunk(farm.parts, stage, ordinal, {
    result: { frame: ordinal + 1, width: 64, height: 36, renderMs: 1 },
  });

const plans = fc.record({
  chunks: fc.integer({ min: 2, max: 4 }),
  short: fc.integer({ min: 0, max: 3 }),
  first: fc.constantFrom('complete', 'redo', 'fail'),
  balancerWasThere: fc.boolean(),
});

test('a job whose last stage is closed by a quorum is put together once, whatever becomes of its other chunks', async () => {
  const run = fc.asyncProperty(plans, async ({ chunks, short, first, balancerWasThere }) => {
    const quorum = Math.max(1, chunks - short);
    const { job, stage } = await jobWith(chunks, quorum);
    for (let ordinal = 0; ordinal < quorum; ordinal += 1) {
      assert.equal(await settle(job), 'nothing');
      await deliver(stage, ordinal);
    }
    assert.equal(await settle(job), 'assemble');
    if (balancerWasThere && quorum < chunks) await cancelRest(stage);
    assert.equal(await settle(job), 'assemble');
    assert.ok((await jobsDue(farm.parts.db, [])).includes(job));
    if (first === 'redo') {
      const message = 'It is cut.';
      await finishAssembly(farm.parts, job, {
        outcome: 'redo',
        chunks: [{ chunk: chunkId(stage, 0), message }],
      });
      assert.deepEqual([await settle(job), await stateOf(job)], ['nothing', 'running']);
      await deliver(stage, 0);
      assert.equal(await settle(job), 'assemble');
    }
    if (first === 'fail') {
      await finishAssembly(farm.parts, job, { outcome: 'fail', code: 'broken', message: 'No.' });
      assert.deepEqual([await settle(job), await stateOf(job)], ['nothing', 'failed']);
      assert.deepEqual(await retryJob(farm.parts, farm.by, job), { ok: true });
      assert.equal(await settle(job), 'assemble');
    }
    await finishAssembly(farm.parts, job, { outcome: 'complete', artifacts: [], notes: [] });
    assert.deepEqual([await settle(job), await stateOf(job)], ['nothing', 'completed']);
    assert.equal((await newestStage(farm.parts.db, job))?.state, 'closed');
  });
  await fc.assert(run, { numRuns: 20 });
});
