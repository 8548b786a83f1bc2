import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { Sweep } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { findSweep, membersOf } from '@parallel-pilot/shared/server/db/sweeps.ts';
import type { z } from 'zod';
import { type MariaDb, startMariaDb } from '../../../../../tests/support/mariadb.ts';
import { cancelJob, deleteJob, pauseJob, resumeJob, retryJob } from '../../../jobs/actions.ts';
import { submit } from '../../../jobs/submit.ts';
import {
  asFirst,
  openStage,
  startTestFarm,
  storeBytes,
  type TestFarm,
} from '../../../jobs/test-farm.fixture.ts';
import { submitPipeline } from '../../../pipelines/submit-pipeline.ts';
import { trainingBackend } from '../index.ts';
import { DATA, deliverAll, SCRIPT, settled, TRAINER } from '../training.fixture.ts';
import { cancelSweep } from './steer-sweeps.ts';
import { sweepView } from './sweep-view.ts';

const LR = { lr: { of: 'choice', values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] } };

for (const database of ['SQLite', 'MariaDB'] as const) {
  describe(`sweeps on ${database}`, () => {
    let server: MariaDb | undefined;
    let farm: TestFarm;
    let groups = 0;
    before(async () => {
      server = database === 'MariaDB' ? await startMariaDb() : undefined;
      farm = await startTestFarm({ databaseUrl: server?.url });
      await farm.addWorker(TRAINER);
    });
    after(async () => {
      await farm.stop();
      await server?.stop();
    });

    const requestOf = async (sweep: object, settings: Partial<TrainingSettings> = {}) => {
      const { parts } = farm;
      groups += 1;
      const stored = async (bytes: Buffer) => (await storeBytes(parts, bytes, 'text/plain')).hash;
      return {
        kind: 'training',
        script: { blob: await stored(Buffer.from(SCRIPT)), fileName: 'digits.py' },
        data: { blob: await stored(DATA), fileName: 'digits.csv' },
        settings: { shards: 1, rounds: 4, ...settings },
        sweep: Sweep.parse(sweep),
        group: `group-${groups}`,
        priority: 0,
      } as unknown as z.output<typeof CreateJob>;
    };
    const send = async (...said: Parameters<typeof requestOf>) =>
      submit(farm.parts, asFirst(farm.parts), await requestOf(...said));
    const key = () => ({ team: farm.parts.first.team, id: `group-${groups}` });
    const begin = async (sweep: object, settings: Partial<TrainingSettings> = {}): Promise<JobId[]> => {
      const taken = await send(sweep, settings);
      assert.ok(taken.ok, JSON.stringify(taken));
      return (await membersOf(farm.parts.db, key())).map(({ job }) => job.id);
    };
    const states = async () =>
      (await membersOf(farm.parts.db, key())).map(({ job, held }) =>
        held === null ? job.state : `${job.state}, ${held}`,
      );
    const view = async () => {
      const found = await sweepView(farm.parts.db, key());
      assert.ok(found !== null);
      return found;
    };
    /** A round of a training, from the state that it is in. */
    const round = async (job: JobId, metrics: Record<string, number>) => {
      while ((await openStage(farm.parts, job)).name !== 'train') {
        const { id, count } = await openStage(farm.parts, job);
        if (count === 0) await settled(farm.parts, job, id);
        else await deliverAll(farm.parts, job);
      }
      await deliverAll(farm.parts, job, { metrics });
      await deliverAll(farm.parts, job, { metrics });
    };
    const sentenceOf = async (job: JobId) => (await findJob(farm.parts.db, job))?.state_message ?? null;

    test('a sweep is as many jobs of one group as it has runs, of which some wait for their turn', async () => {
      const jobs = await begin({ parameters: LR, concurrent: 2 });
      assert.deepEqual(await states(), ['preparing', 'preparing', ...Array(4).fill('paused, turn')]);
      const row = await findJob(farm.parts.db, jobs[2] as JobId);
      assert.equal(row?.name, 'digits lr=0.3');
      const { trainings, rungs, best } = await view();
      assert.deepEqual(
        [trainings.map(({ params }) => params), rungs, best],
        [LR.lr.values.map((lr) => ({ lr })), [], null],
      );
      assert.match(trainings[5]?.because?.sentence ?? '', /^Waits for its turn: 2 of its sweep run at once/);
      await farm.parts.engine.sweep();
      assert.equal((await states()).filter((state) => state === 'paused, turn').length, 4);
      await cancelSweep(farm.parts, key());
      assert.deepEqual(await states(), Array(6).fill('canceled'));
      assert.equal((await view()).state, 'canceled');
    });

    test('a sweep is no part of a pipeline, and says what is instead', async () => {
      const job = await requestOf({ parameters: LR, concurrent: 2 });
      const jobs = [{ name: 'learn', id: 'job_00000000' as JobId, job }];
      const pipeline = { request: 'with-a-sweep', name: 'sweeping', parameters: {}, jobs };
      const sent = await submitPipeline(farm.parts, asFirst(farm.parts), pipeline);
      assert.ok(!sent.ok && /^jobs\.learn: A sweep is several jobs.*in a matrix instead/.test(sent.message));
    });

    test('asha holds each at its rung, lets the best third on, and stops the losers with a sentence', async () => {
      const jobs = await begin({ parameters: LR, mode: 'asha', concurrent: 6 });
      const [a, b, c, d, e, f] = jobs as [JobId, JobId, JobId, JobId, JobId, JobId];
      await round(a, { accuracy: 0.5 });
      assert.equal((await states())[0], 'paused, rung');
      await round(b, { accuracy: 0.9 });
      await round(c, { accuracy: 0.7 });
      // One of three goes on; of six two may, so nobody is lost yet but the third.
      assert.deepEqual((await states()).slice(0, 3), ['canceled', 'queued', 'paused, rung']);
      assert.equal(
        await sentenceOf(a),
        'Stopped by its sweep after round 1: accuracy 0.5 was not in the best third of 6.',
      );
      await round(d, { accuracy: 0.8 });
      assert.equal((await states())[2], 'canceled');
      await round(e, { accuracy: 0.1 });
      await round(f, { accuracy: 0.2 });
      assert.deepEqual(await states(), ['canceled', 'queued', 'canceled', 'queued', 'canceled', 'canceled']);
      assert.ok(
        (await listNotes(farm.parts.db, e)).some(({ message }) => message.startsWith('Stopped by its sweep')),
      );

      const { trainings, best, metric, rungs } = await view();
      assert.deepEqual([best, metric, rungs], [b, { name: 'accuracy', goal: 'max' }, [1, 3]]);
      assert.deepEqual(
        trainings.map(({ round, because, curve }) => [round, because?.code ?? null, curve.length]),
        [
          [1, 'stopped', 1],
          [1, null, 1],
          [1, 'stopped', 1],
          [1, null, 1],
          [1, 'stopped', 1],
          [1, 'stopped', 1],
        ],
      );
      for (const at of [2, 3]) {
        await round(b, { accuracy: 0.9 });
        await round(d, { accuracy: at === 2 ? 0.1 : 0.95 });
      }
      // What counts is the rung: the better one there goes on alone.
      assert.deepEqual([(await states())[1], (await states())[3]], ['canceled', 'queued']);
      assert.equal(
        await sentenceOf(b),
        'Stopped by its sweep after round 3: accuracy 0.9 was not the best of 2.',
      );
      await round(d, { accuracy: 0.95 });
      assert.equal(await deliverAll(farm.parts, d, { metrics: { accuracy: 0.95 } }), 'completed');
      const end = await view();
      assert.deepEqual([end.state, end.best, end.trainings[3]?.best?.round], ['completed', d, 3]);
    });

    test('what was decided stands in rows: cut off after the report, the next process decides the same', async () => {
      const jobs = await begin({ parameters: LR, mode: 'asha', concurrent: 6 });
      // As if it died once the transaction of the last report was written.
      const { tend } = trainingBackend;
      for (const [index, job] of jobs.entries()) {
        if (index === 5) trainingBackend.tend = async () => {};
        await round(job, { accuracy: (9 - index) / 10 });
      }
      if (tend !== undefined) trainingBackend.tend = tend;
      const before = await states();
      await farm.parts.engine.sweep();
      const after = await states();
      await farm.parts.engine.sweep();
      assert.deepEqual(await states(), after);
      const lost = ['canceled', 'canceled', 'canceled'];
      assert.deepEqual(before, ['queued', 'paused, rung', ...lost, 'paused, rung']);
      assert.deepEqual(after, ['queued', 'queued', ...lost, 'canceled']);
      await cancelSweep(farm.parts, key());
    });

    if (database === 'MariaDB') return;

    test('of losses the smallest goes on; one that reports nothing is worst; three of them end the sweep with a sentence', async () => {
      const jobs = await begin({ parameters: LR, mode: 'asha', concurrent: 6 }, { metric: 'loss' });
      for (const [index, job] of jobs.entries()) {
        if (index < 2) await round(job, { accuracy: 0.9 });
        else await round(job, { loss: index });
      }
      assert.deepEqual(
        (await states()).map((state) => state.split(',')[0]),
        ['canceled', 'canceled', 'queued', 'queued', 'canceled', 'canceled'],
      );
      assert.equal(
        await sentenceOf(jobs[0] as JobId),
        'Stopped by its sweep after round 1: it reported no loss.',
      );
      await cancelSweep(farm.parts, key());

      const lacking = await begin({ parameters: LR, mode: 'asha', concurrent: 3 }, { metric: 'f1' });
      for (const job of lacking.slice(0, 3)) await round(job, { accuracy: 0.9 });
      assert.deepEqual(await states(), Array(6).fill('canceled'));
      const problem =
        'The sweep ended: it compares by "f1", and the script hands over accuracy. Name one of these as the metric, or have pilot.finish hand it over.';
      assert.deepEqual([(await view()).problem, await sentenceOf(lacking[5] as JobId)], [problem, problem]);
    });

    test("people's wishes go before: resumed, it goes on; paused, it is waited for; a stopped one can be taken up", async () => {
      const { parts } = farm;
      const by = asFirst(parts);
      const jobs = await begin({ parameters: LR, mode: 'asha', concurrent: 6 });
      const [a, b, c] = jobs as [JobId, JobId, JobId];
      await round(a, { accuracy: 0.5 });
      assert.ok((await resumeJob(parts, by, a)).ok);
      await parts.engine.sweep();
      assert.equal((await states())[0], 'queued');
      assert.ok((await pauseJob(parts, by, a)).ok);
      await parts.engine.sweep();
      assert.equal((await states())[0], 'paused');
      await round(b, { accuracy: 0.1 });
      await round(c, { accuracy: 0.6 });
      for (const job of jobs.slice(3)) await round(job, { accuracy: 0.9 });
      assert.equal((await states())[1], 'canceled');
      assert.ok((await retryJob(parts, by, b)).ok);
      await parts.engine.sweep();
      assert.equal((await states())[1], 'queued');
      assert.equal(await sentenceOf(b), null);
      await cancelSweep(parts, key());
      for (const job of jobs) assert.ok((await deleteJob(parts, by, job)).ok);
      assert.deepEqual(await membersOf(parts.db, key()), []);
      assert.equal(await findSweep(parts.db, key()), undefined);
    });

    test('one that fails makes room for the next', async () => {
      const jobs = await begin({ parameters: LR, concurrent: 1 });
      assert.ok((await cancelJob(farm.parts, asFirst(farm.parts), jobs[0] as JobId)).ok);
      await farm.parts.engine.sweep();
      assert.deepEqual((await states()).slice(0, 3), ['canceled', 'preparing', 'paused, turn']);
      await cancelSweep(farm.parts, key());
    });

    test('what cannot be made is refused whole, with a sentence', async () => {
      const refused = await send({ parameters: { lr: { of: 'log', from: 0.1, to: 1 } } });
      assert.ok(!refused.ok);
      assert.match(refused.message, /^A grid takes each combination .* lr is a range/);
      assert.deepEqual(await membersOf(farm.parts.db, key()), []);
    });
  });
}
