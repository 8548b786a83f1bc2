import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MergeSpec, ShardChunk, TrainingPlan } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { BlobHash, type JobId } from '@parallel-pilot/shared/model/ids.ts';
import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { deleteUnusedBlobs, findBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { forgetEnvironments } from '@parallel-pilot/shared/server/db/environments.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { newestStage, stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { fromBufferPromise } from 'yauzl';
import { z } from 'zod';
import { type MariaDb, startMariaDb } from '../../../../tests/support/mariadb.ts';
import { until } from '../../../../tests/support/until.ts';
import {
  failChunk,
  openStage,
  startTestFarm,
  stateOfJob,
  type TestFarm,
} from '../../jobs/test-farm.fixture.ts';
import { curvesOf } from './rounds/curves.ts';
import { roundList } from './rounds/round-list.ts';
import {
  addTraining,
  DATA,
  deliver,
  deliverAll,
  inFirstRound,
  settled,
  TRAINER,
} from './training.fixture.ts';
import { viewTraining } from './view.ts';

for (const database of ['SQLite', 'MariaDB'] as const) {
  describe(`trainings on ${database}`, () => {
    let server: MariaDb | undefined;
    let farm: TestFarm;
    let now = Date.now();
    before(async () => {
      server = database === 'MariaDB' ? await startMariaDb() : undefined;
      farm = await startTestFarm({ databaseUrl: server?.url });
      farm.parts.clock = () => now;
      await farm.addWorker(TRAINER);
    });
    after(async () => {
      await farm.stop();
      await server?.stop();
    });

    const view = async (job: JobId) => {
      const row = await findJob(farm.parts.db, job);
      const stage = await newestStage(farm.parts.db, job);
      assert.ok(row !== undefined && stage !== undefined);
      return viewTraining(farm.parts, row, stage);
    };
    const notes = async (job: JobId) => (await listNotes(farm.parts.db, job)).map((note) => note.message);
    const mergeSpec = async (job: JobId) =>
      MergeSpec.parse(JSON.parse((await newestStage(farm.parts.db, job))?.spec_json ?? 'null'));
    const bytesOf = async (job: JobId, name: string) => {
      const artifact = (await listArtifacts(farm.parts.db, job)).find((one) => one.name === name);
      assert.ok(artifact, `no ${name}`);
      return Buffer.concat(await farm.parts.blobs.read(artifact.hash).toArray());
    };
    const textOf = async (job: JobId, name: string) => (await bytesOf(job, name)).toString();

    test('packages are installed once, go along with every later stage, and are there for the next job', async () => {
      const requirements = { name: 'requirements.txt', bytes: Buffer.from('shapes==1.0\n') };
      const wheels = { name: 'wheels.zip', bytes: Buffer.from('of wheels') };
      const given = { requirements, wheels, settings: { shards: 1, rounds: 1 } };
      const job = await addTraining(farm.parts, given);
      await settled(farm.parts, job, (await openStage(farm.parts, job)).id);
      assert.equal((await openStage(farm.parts, job)).name, 'environment');
      assert.equal(await deliverAll(farm.parts, job), 'initialize');
      assert.match((await notes(job)).join(' '), /Installed shapes 1\.0\. Its Python had numpy already\./);
      const needs = async (of: JobId) => {
        const stage = await newestStage(farm.parts.db, of);
        assert.ok(stage);
        const paths = z
          .array(StageInput)
          .parse(JSON.parse(stage.inputs_json))
          .map(({ path }) => path);
        return {
          paths: paths.filter((path) => path.startsWith('environment/')),
          needs: stage.requirements_json,
        };
      };
      const first = await needs(job);
      assert.equal(first.paths.length, 1);
      assert.match(first.needs, /3\.11-here/);
      const next = await addTraining(farm.parts, given);
      assert.equal(await settled(farm.parts, next, (await openStage(farm.parts, next)).id), 'initialize');
      assert.deepEqual(await needs(next), first);
      const { db } = farm.parts;
      const hash = BlobHash.parse(/[0-9a-f]{64}/.exec(first.paths[0] ?? '')?.[0]);
      await db.deleteFrom('job_blobs').where('hash', '=', hash).execute();
      await deleteUnusedBlobs(db, [hash], { before: now + 1 });
      assert.ok(await findBlob(db, hash), 'kept for the next job, whatever becomes of those before');
      await forgetEnvironments(db, now + 1);
      await deleteUnusedBlobs(db, [hash], { before: now + 1 });
      assert.equal(await findBlob(db, hash), undefined);
    });

    test('shards on local data are the workers that lend it, which alone may run what is about them', async () => {
      for (const name of ['a', 'b', 'c'])
        await farm.addWorker({ ...TRAINER, [LENT_DATA]: [name === 'c' ? 'others' : 'wards'] });
      const given = { data: null, localData: 'wards', settings: { rounds: 1 } };
      const job = await addTraining(farm.parts, given);
      const pins = async () => {
        const stage = await newestStage(farm.parts.db, job);
        return JSON.parse(stage?.pins_json ?? 'null') as string[] | null;
      };
      assert.equal(await settled(farm.parts, job, (await openStage(farm.parts, job)).id), 'initialize');
      const lending = TrainingSpec.parse(
        JSON.parse((await findJob(farm.parts.db, job))?.spec_json ?? ''),
      ).localData;
      assert.equal(lending?.workers.length, 2);
      // The first weights are made by whoever has such data.
      assert.equal(await pins(), null);
      assert.match((await newestStage(farm.parts.db, job))?.requirements_json ?? '', /"wards"/);
      assert.equal(await deliverAll(farm.parts, job), 'train');
      assert.deepEqual(await pins(), lending.workers);
      assert.match((await newestStage(farm.parts.db, job))?.requirements_json ?? '', /"wards"/);
      assert.equal(await deliverAll(farm.parts, job), 'merge');
      assert.equal(await pins(), null);
      assert.equal(await deliverAll(farm.parts, job), 'measure');
      assert.deepEqual(await pins(), lending.workers);
      // One of them fails for good: the other one's figures are the result, by its rows.
      const measuring = (await openStage(farm.parts, job)).id;
      await failChunk(farm.parts, measuring, 0, 'script-error', 'ValueError.');
      await deliver(farm.parts, job, 1, { metrics: { accuracy: 0.75 } });
      assert.equal(await settled(farm.parts, job, measuring), 'evaluate');
      assert.equal(await pins(), null);
      assert.equal(await deliverAll(farm.parts, job, { metrics: { accuracy: 0 } }), 'completed');
      assert.match((await notes(job)).join(' '), /measured without 1 of 2 shards: ValueError/);
      assert.match(await textOf(job, 'metrics.json'), /"accuracy": 0\.75/);
      const { localData, metrics } = await view(job);
      assert.deepEqual(metrics, { accuracy: 0.75 });
      assert.deepEqual([localData?.name, localData?.workers.length], ['wards', 2]);

      const test = { name: 'test.csv', bytes: DATA };
      const tested = await addTraining(farm.parts, { ...given, test });
      assert.equal(await settled(farm.parts, tested, (await openStage(farm.parts, tested)).id), 'initialize');
      for (const next of ['train', 'merge', 'evaluate'])
        assert.equal(await deliverAll(farm.parts, tested, { metrics: { accuracy: 0.5 } }), next);
      const last = await newestStage(farm.parts.db, tested);
      assert.match(last?.inputs_json ?? '', /"holdout\.csv"/);
      assert.equal(last?.pins_json, null);
      assert.deepEqual((await view(tested)).best, { round: 1, name: 'accuracy', value: 0.5 });
    });

    test('of trainings that begin at once with the same packages one has them installed', async () => {
      const requirements = { name: 'requirements.txt', bytes: Buffer.from('shapes==2.0\n') };
      const wheels = { name: 'wheels.zip', bytes: Buffer.from('of wheels') };
      const given = { requirements, wheels, settings: { shards: 1, rounds: 1 } };
      const one = await addTraining(farm.parts, given);
      now += 1;
      const other = await addTraining(farm.parts, given);
      const { engine } = farm.parts;
      const split = (await openStage(farm.parts, other)).id;
      await engine.advance(other);
      await until(() => engine.backgroundTasks.running().length === 0, 'it does not end');
      assert.equal((await openStage(farm.parts, other)).name, 'split');
      assert.match((await notes(other)).join(' '), /^Another training has the same packages installed/);
      await settled(farm.parts, one, (await openStage(farm.parts, one)).id);
      assert.equal(await deliverAll(farm.parts, one), 'initialize');
      now += 11_000;
      assert.equal(await settled(farm.parts, other, split), 'initialize');
      assert.doesNotMatch((await notes(other)).join(' '), /Another training/);
    });

    test('a whole training: split, first weights, rounds, evaluation, and the files of the result', async () => {
      const job = await addTraining(farm.parts, { settings: { shards: 3, rounds: 2, merge: 'outer' } });
      assert.equal((await view(job)).split, null);
      const split = await openStage(farm.parts, job);
      assert.deepEqual([split.name, split.count], ['split', 0]);
      assert.equal(await settled(farm.parts, job, split.id), 'initialize');
      assert.equal(await deliverAll(farm.parts, job, { weights: [1, 2] }), 'train');
      for (const round of [1, 2]) {
        assert.equal((await view(job)).round, round);
        await deliver(farm.parts, job, 0, { weights: [1, 3], metrics: { loss: 1 / round, accuracy: 0.5 } });
        await farm.parts.engine.advance(job);
        const { rounds } = await roundList(farm.parts.db, job, { after: round - 1, limit: 10 });
        assert.deepEqual(
          rounds.map(({ state, shardsDone, shards, seconds }) => [state, shardsDone, shards, seconds]),
          [['training', 1, 3, null]],
        );
        for (const shard of [1, 2])
          await deliver(farm.parts, job, shard, {
            weights: [1.5, 2],
            metrics: { loss: 0, accuracy: 0.25 * round },
          });
        now += 5_000;
        assert.equal(await settled(farm.parts, job, (await openStage(farm.parts, job)).id), 'merge');
        const merged = { weights: [2, round], metrics: { accuracy: round === 1 ? 0.8 : 0.7 } };
        await deliverAll(farm.parts, job, merged);
      }
      assert.equal(
        await deliverAll(farm.parts, job, { weights: [9], metrics: { accuracy: 0.75 } }),
        'completed',
      );

      const { round, metrics, best, split: parts } = await view(job);
      assert.deepEqual(
        [round, metrics, best],
        [2, { accuracy: 0.7 }, { round: 1, name: 'accuracy', value: 0.8 }],
      );
      assert.deepEqual(parts, { rows: 40, shards: [12, 12, 12], holdout: 4, classes: 2 });
      const list = await roundList(farm.parts.db, job, { after: 0, limit: 10 });
      assert.equal(list.total, 2);
      assert.deepEqual(
        list.rounds.map(({ startedAt, model, bytes, ...rest }) => ({
          ...rest,
          kept: model !== null,
          // Three updates, and three times the weights: of one form and size here.
          bytes: bytes !== null && bytes.sent > 0 && bytes.sent === bytes.received,
        })),
        [
          {
            round: 1,
            state: 'done',
            shardsDone: 3,
            shards: 3,
            metrics: { accuracy: 0.8 },
            shardMetrics: { loss: 10 / 33, accuracy: (5 + 23 / 4) / 33 },
            best: true,
            kept: true,
            bytes: true,
            seconds: 5,
          },
          {
            round: 2,
            state: 'done',
            shardsDone: 3,
            shards: 3,
            metrics: { accuracy: 0.7 },
            shardMetrics: { loss: 5 / 33, accuracy: 0.5 },
            best: false,
            kept: true,
            bytes: true,
            seconds: 5,
          },
        ],
      );
      const curves = await curvesOf(farm.parts.db, job, 0);
      assert.deepEqual(curves.names.toSorted(), ['accuracy', 'loss']);
      assert.deepEqual(curves.lines[0], {
        shard: null,
        points: [
          { x: 1, values: { accuracy: 0.8 } },
          { x: 2, values: { accuracy: 0.7 } },
        ],
      });
      assert.deepEqual(curves.lines[1], {
        shard: 0,
        points: [0.5, 1, 1.5, 2].map((x) => ({ x, values: { loss: x > 1 ? 0.5 : 1, accuracy: 0.5 } })),
      });
      const late = await curvesOf(farm.parts.db, job, 1);
      assert.deepEqual(
        late.lines[1]?.points.map((point) => point.x),
        [1.5, 2],
      );

      const names = (await listArtifacts(farm.parts.db, job)).map((artifact) => artifact.name);
      assert.deepEqual(names, [
        'history.csv',
        'logs.txt',
        'metrics.json',
        'model-last.npz',
        'model-last.safetensors',
        'model.npz',
        'model.safetensors',
        'script.py',
        'tensorboard.zip',
        'values.csv',
      ]);
      const told = JSON.parse(await textOf(job, 'metrics.json'));
      assert.deepEqual(
        [told.model, told.best.round, told.last, told.rounds],
        [{ round: 1, metrics: { accuracy: 0.75 } }, 1, { round: 2, metrics: { accuracy: 0.7 } }, 2],
      );
      const history = (await textOf(job, 'history.csv')).trim().split('\n');
      assert.deepEqual([history.length, history[1], history[4]], [9, '1,1,10,2,1,0.5', '1,,,2,,0.8']);
      const values = (await textOf(job, 'values.csv')).trim().split('\n');
      assert.deepEqual(values.slice(0, 3), [
        'round,shard,at,name,value',
        '1,1,0.5,loss,1',
        '1,1,0.5,accuracy,0.5',
      ]);
      assert.ok(values.includes('1,,1,accuracy,0.8'), 'the merged model is not among the values');
      const events = await fromBufferPromise(await bytesOf(job, 'tensorboard.zip'));
      const runs: string[] = [];
      for await (const entry of events.eachEntry())
        runs.push(entry.fileName.replace(/tfevents\.\d+/, 'tfevents'));
      assert.deepEqual(
        runs,
        ['merged', 'shard-1', 'shard-2', 'shard-3'].map((run) => `${run}/events.out.tfevents.parallel-pilot`),
      );
      assert.match(await textOf(job, 'logs.txt'), /== Round 1, shard 3 on .*: done in 1\.0 s\nSaved\n/);
      assert.match(await textOf(job, 'model.npz'), /layer\.weight\.npy/);
    });

    test('what no later round needs is gone when the next is planned; of the models the best and the newest stay', async () => {
      const settings = {
        shards: 2,
        rounds: 6,
        patience: 5,
        merge: 'outer' as const,
        models: 'best' as const,
      };
      const job = await inFirstRound(farm.parts, { settings });
      const filesOf = async (): Promise<BlobHash[]> => {
        const chunks = await doneChunks(farm.parts.db, (await openStage(farm.parts, job)).id, -1, 9);
        return chunks.flatMap((chunk) => JSON.parse(chunk.files_json ?? '[]')).map((file) => file.hash);
      };
      const isThere = async (hash: BlobHash) => (await farm.parts.blobs.size(hash)) !== null;
      const models: BlobHash[] = [];
      const others: BlobHash[] = [];
      let goneOnFrom: BlobHash[] = [];
      for (const [index, accuracy] of [0.5, 0.9, 0.6, 0.7, 0.95, 0.6].entries()) {
        for (const shard of [0, 1])
          await deliver(farm.parts, job, shard, {
            weights: [index * 2 + shard + 100, 1],
            kept: [index * 2 + shard + 0.5],
          });
        others.push(...goneOnFrom);
        const [updateA, keptA, updateB, keptB] = await filesOf();
        assert.ok(updateA && keptA && updateB && keptB);
        others.push(updateA, updateB);
        goneOnFrom = [keptA, keptB];
        assert.equal(await settled(farm.parts, job, (await openStage(farm.parts, job)).id), 'merge');
        const before = [...others];
        await deliver(farm.parts, job, 0, { weights: [index + 0.25, 7], metrics: { accuracy } });
        const [model, momentum] = await filesOf();
        assert.ok(model !== undefined && momentum !== undefined);
        models.push(model);
        others.push(momentum);
        await settled(farm.parts, job, (await openStage(farm.parts, job)).id);
        if (index < 5) {
          const next = await openStage(farm.parts, job);
          const specs = await farm.parts.db
            .selectFrom('chunks')
            .select('spec_json')
            .where('stage_id', '=', next.id)
            .orderBy('ordinal')
            .execute();
          const from = specs.map(({ spec_json }) => ShardChunk.parse(JSON.parse(spec_json)).kept?.hash);
          assert.deepEqual(from, goneOnFrom);
          assert.deepEqual(await Promise.all(goneOnFrom.map(isThere)), [true, true]);
        }
        const best = index < 1 ? 0 : index < 4 ? 1 : 4;
        await until(
          async () => {
            const kept: number[] = [];
            for (const [round, hash] of models.entries()) if (await isThere(hash)) kept.push(round);
            const left = (await Promise.all(before.map(isThere))).filter(Boolean).length;
            assert.ok(kept.includes(best) && kept.includes(index), `of round ${index + 1}: ${kept}`);
            return kept.every((round) => round === best || round >= index - 1) && left === 0;
          },
          `files of old rounds are still there after round ${index + 1}`,
        );
      }
      assert.equal((await openStage(farm.parts, job)).name, 'evaluate');
      await until(async () => !(await isThere(others.at(-1) as BlobHash)), 'the last momentum is kept');
      for (const hash of goneOnFrom)
        await until(async () => !(await isThere(hash)), 'what no shard goes on from is still there');
      assert.ok((await newestStage(farm.parts.db, job))?.inputs_json.includes(models[4] ?? 'x'));
      const plan = TrainingPlan.parse(
        JSON.parse((await stateOfJob(farm.parts, job)).settings_json ?? 'null'),
      );
      for (const { input } of plan.shards) assert.ok(input !== null && (await isThere(input.hash)));
      assert.equal(await deliverAll(farm.parts, job), 'completed');
    });

    test('the models of all rounds outlive the sweep where they take little', async () => {
      const job = await inFirstRound(farm.parts, { settings: { shards: 1, rounds: 3 } });
      const models: BlobHash[] = [];
      for (const round of [1, 2, 3]) {
        await deliverAll(farm.parts, job, { weights: [round, 31] });
        await deliver(farm.parts, job, 0, { weights: [round, 17] });
        const stage = await openStage(farm.parts, job);
        const [chunk] = await doneChunks(farm.parts.db, stage.id, -1, 1);
        models.push(JSON.parse(chunk?.files_json ?? '[]')[0].hash);
        await settled(farm.parts, job, stage.id);
      }
      now += 3 * 60 * 60_000;
      await farm.parts.engine.sweepBlobs();
      for (const hash of models) assert.notEqual(await farm.parts.blobs.size(hash), null);
    });

    test('after its deadline a round closes with a quorum, and the balancer is told', async () => {
      const settings = { shards: 4, rounds: 1, quorum: 0.5, deadlineSeconds: 60 };
      const job = await inFirstRound(farm.parts, { settings });
      const stage = await openStage(farm.parts, job);
      for (const shard of [0, 2]) await deliver(farm.parts, job, shard, { at: now });
      await farm.parts.engine.sweep();
      now += 58_000;
      await farm.parts.engine.advance(job);
      assert.equal((await openStage(farm.parts, job)).id, stage.id, 'closed too early');
      const told: JobId[] = [];
      const { jobsChanged } = farm.parts.balancer;
      farm.parts.balancer.jobsChanged = (jobs) => void told.push(...jobs);
      now += 2_000;
      await farm.parts.engine.sweep();
      await until(async () => (await openStage(farm.parts, job)).name === 'merge', 'not closed');
      farm.parts.balancer.jobsChanged = jobsChanged;
      assert.ok(told.includes(job));
      const spec = await mergeSpec(job);
      assert.deepEqual(
        [spec.updates.map((one) => one.shard), spec.missing],
        [
          [0, 2],
          [1, 3],
        ],
      );
      assert.deepEqual(await notes(job), [
        'Round 1 went on without shards 2, 4: not finished when the time for the round was over.',
      ]);
      await deliverAll(farm.parts, job);
      assert.equal(await deliverAll(farm.parts, job), 'completed');
    });

    test('an update that is unusable is made again; the others are not read twice', async () => {
      const job = await inFirstRound(farm.parts, { settings: { shards: 3, rounds: 1 } });
      const stage = await openStage(farm.parts, job);
      await deliver(farm.parts, job, 0, { weights: [1, 2.1] });
      await deliver(farm.parts, job, 1, { weights: [1, Number.NaN] });
      await deliver(farm.parts, job, 2, { weights: [1, 2.2] });
      const redone = async () =>
        until(async () => {
          await farm.parts.engine.advance(job);
          const rows = await farm.parts.db
            .selectFrom('chunks')
            .select('ordinal')
            .where('stage_id', '=', stage.id)
            .where('state', '=', 'queued')
            .execute();
          return rows.length > 0 ? rows.map((row) => row.ordinal) : null;
        }, 'nothing is made again');
      assert.deepEqual(await redone(), [1]);
      assert.match(
        (await notes(job)).at(-1) ?? '',
        /made again: Shard 2 of round 1: the update holds values that are not finite in "layer\.weight"\.$/,
      );
      // Read once, the others are not looked for again.
      const [first] = await doneChunks(farm.parts.db, stage.id, -1, 1);
      await farm.parts.blobs.delete(JSON.parse(first?.files_json ?? '[]')[0].hash);
      await deliver(farm.parts, job, 1, { weights: [1, 1_000] });
      assert.deepEqual(await redone(), [1]);
      assert.match(
        (await notes(job)).at(-1) ?? '',
        /changes the weights [\d,]+ times as much as those of the others?/,
      );
      await deliver(farm.parts, job, 1, { weights: [1, 1_000], kept: null });
      assert.deepEqual(await redone(), [1]);
      assert.match(
        (await notes(job)).at(-1) ?? '',
        /the update is there, but what the shard keeps was not delivered\.$/,
      );
      await deliver(farm.parts, job, 1, { weights: [1, 1_000], kept: [Number.NaN], shared: [1, Number.NaN] });
      assert.deepEqual(await redone(), [1]);
      assert.match(
        (await notes(job)).at(-1) ?? '',
        /the update is there, but what the shard keeps holds values that are not finite in "f4"\.$/,
      );
      // Made again it is the same: then it is the shard's data that asks for it.
      await deliver(farm.parts, job, 1, { weights: [1, 1_000] });
      assert.equal(await settled(farm.parts, job, stage.id), 'merge');
      assert.equal((await mergeSpec(job)).updates.length, 3);
    });

    test('a shard that failed for good is done without above the quorum; below, the job fails', async () => {
      const job = await inFirstRound(farm.parts, { settings: { shards: 4, rounds: 2, quorum: 0.75 } });
      for (const shard of [0, 1, 3]) await deliver(farm.parts, job, shard);
      await failChunk(
        farm.parts,
        (await openStage(farm.parts, job)).id,
        2,
        'script-failed',
        'ValueError: no.',
      );
      assert.equal(await settled(farm.parts, job, (await openStage(farm.parts, job)).id), 'merge');
      assert.deepEqual(await notes(job), ['Round 1 went on without shard 3: ValueError: no.']);
      await deliverAll(farm.parts, job);
      const stage = await openStage(farm.parts, job);
      for (const shard of [0, 1]) await deliver(farm.parts, job, shard);
      for (const shard of [2, 3])
        await failChunk(farm.parts, stage.id, shard, 'script-failed', 'ValueError: no.');
      assert.equal(await settled(farm.parts, job, stage.id), 'failed');
      const { state_code, state_message } = await stateOfJob(farm.parts, job);
      assert.equal(state_code, 'script-failed');
      assert.equal(
        state_message,
        'Round 2 could not be finished: 2 of 4 shards came to a result, 3 are needed. Shard 3: ValueError: no.',
      );
    });

    test('a model that lacks a shard says so first: in its view, its notes and its metrics', async () => {
      const job = await inFirstRound(farm.parts, { settings: { shards: 4, rounds: 1 } });
      for (const shard of [0, 1, 3]) await deliver(farm.parts, job, shard);
      const stage = await openStage(farm.parts, job);
      await failChunk(farm.parts, stage.id, 2, 'script-error', 'ValueError: no.');
      assert.equal(await settled(farm.parts, job, stage.id), 'merge');
      await deliverAll(farm.parts, job);
      assert.equal(await deliverAll(farm.parts, job), 'completed');
      const without = 'without shard 3 in the only round (25 % of the training): ValueError: no.';
      assert.equal((await view(job)).without, without);
      assert.equal((await notes(job)).at(-1), `Trained ${without}`);
      assert.equal(JSON.parse(await textOf(job, 'metrics.json')).without, without);
    });

    test('without progress for as many rounds as patience allows, the training ends with its best model', async () => {
      const job = await inFirstRound(farm.parts, { settings: { shards: 1, rounds: 9, patience: 2 } });
      for (const accuracy of [0.5, 0.9, 0.8, 0.9]) {
        await deliverAll(farm.parts, job);
        await deliverAll(farm.parts, job, { weights: [accuracy, 0], metrics: { accuracy } });
      }
      assert.equal((await openStage(farm.parts, job)).name, 'evaluate');
      assert.match(
        (await notes(job)).at(-1) ?? '',
        /^Stopped after round 4 of 9: .* the model of round 2\.$/,
      );
      assert.equal(await deliverAll(farm.parts, job), 'completed');
      assert.deepEqual((await view(job)).best, { round: 2, name: 'accuracy', value: 0.9 });
      assert.equal((await stagesOf(farm.parts.db, job)).length, 2 + 4 * 2 + 1);
    });

    test('data that cannot be split ends the job with the reason', async () => {
      const job = await addTraining(farm.parts, { settings: { shards: 100 } });
      assert.equal(await settled(farm.parts, job, (await openStage(farm.parts, job)).id), 'failed');
      const { state_message } = await stateOfJob(farm.parts, job);
      assert.match(state_message ?? '', /"digits\.csv" has 40 rows, which is too few for 100 shards/);
    });
  });
}
