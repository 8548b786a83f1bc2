import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { submit } from '@parallel-pilot/client-backend/jobs/submit.ts';
import {
  asFirst,
  finishChunk,
  startTestFarm,
} from '@parallel-pilot/client-backend/jobs/test-farm.fixture.ts';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { chunkInputsOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { BlobHash, type JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { trainingKind } from '@parallel-pilot/worker/kinds/training/index.ts';
import { z } from 'zod';
import { until } from '../../support/until.ts';

type Chunks = { ordinal: number; spec_json: string }[];

/**
 * A farm of one process: a backend's own split, plan, checks and assembly, and a worker's own runner, which does the
 * chunks of a stage one after another. A training comes to the same bits as on a farm of several processes, for a
 * fraction of the processor, which is not what is measured with it.
 */
export async function startOneRunner(python: string) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-runner-'));
  const farm = await startTestFarm();
  const { parts } = farm;
  await farm.addWorker({ kinds: ['training'], 'training.modules': ['numpy', 'torch'] });
  await mkdir(join(folder, 'slot'));
  const runner = trainingKind({ python }).createRunner({
    threads: 1,
    folder: join(folder, 'slot'),
    sandbox: await detectSandbox(),
    onLog: () => {},
  });
  let made = 0;
  const newFolder = async () => {
    made += 1;
    const path = join(folder, String(made));
    await mkdir(path);
    return path;
  };

  const store = async (path: string): Promise<{ hash: BlobHash; size: number }> => {
    const hash = BlobHash.parse(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
    const { size } = await stat(path);
    if ((await parts.blobs.size(hash)) === null) {
      const copy = join(parts.config.dataFolder, 'blobs', 'incoming', hash);
      await rm(copy, { force: true });
      await link(path, copy);
      await parts.blobs.adopt(copy, { hash, size });
    }
    await insertBlobs(parts.db, [{ hash, size, media_type: 'application/octet-stream', created_at: 1 }]);
    await noteTeamBlob(parts.db, parts.first.team, hash, 1);
    return { hash, size };
  };
  const runChunk = async (
    stage: StageRow,
    affinity: string,
    chunk: { ordinal: number; spec_json: string },
  ) => {
    const [inputs, outputs] = [await newFolder(), await newFolder()];
    const chunkSpec = JSON.parse(chunk.spec_json);
    const files = [
      ...z.array(StageInput).parse(JSON.parse(stage.inputs_json)),
      ...chunkInputsOf('training', stage.name, chunkSpec),
    ];
    for (const { path, hash } of files) {
      await mkdir(dirname(join(inputs, path)), { recursive: true });
      await link(parts.blobs.localPath(hash), join(inputs, path));
    }
    const stageSpec = JSON.parse(stage.spec_json);
    const given = {
      stage: stage.name,
      stageSpec,
      chunkSpec,
      inputs,
      outputs,
      affinity,
      hangLimitMs: 600_000,
    };
    const outcome = await runner.run(given, () => {}, new AbortController().signal);
    if (!outcome.ok) throw new Error(`${stage.name}: ${outcome.code}: ${outcome.message}\n${outcome.log}`);
    const delivered: ResultFile[] = [];
    for (const { name, path, mediaType, bytes } of outcome.files) {
      if (bytes !== undefined) await writeFile(path, bytes);
      delivered.push({ name, mediaType, ...(await store(path)) });
    }
    await finishChunk(parts, stage.id, chunk.ordinal, { result: outcome.result, files: delivered });
    await Promise.all([inputs, outputs].map((path) => rm(path, { recursive: true })));
  };
  const over = async (job: JobId): Promise<boolean> =>
    isOver((await findJob(parts.db, job))?.state ?? 'canceled');

  const work = async (job: JobId, affinity: string, end: string | null) => {
    let before = '';
    for (;;) {
      const stage = await until(
        async () => {
          await parts.engine.advance(job);
          if (await over(job)) return 'over' as const;
          const newest = await newestStage(parts.db, job);
          return newest === undefined || newest.id === before || newest.chunk_count === 0 ? null : newest;
        },
        `${job} does not go on`,
        600_000,
      );
      if (stage === 'over') return null;
      before = stage.id;
      const chunks = await parts.db
        .selectFrom('chunks')
        .select(['ordinal', 'spec_json'])
        .where('stage_id', '=', stage.id)
        .orderBy('ordinal')
        .execute();
      if (stage.name === end) return { stage, chunks };
      for (const chunk of chunks) await runChunk(stage, affinity, chunk);
    }
  };

  return {
    store,
    create: async (job: CreateJob): Promise<JobId> => {
      const taken = await submit(parts, asFirst(parts), job as Parameters<typeof submit>[2]);
      if (!taken.ok) throw new Error(taken.message);
      return taken.job;
    },
    /** Does a job up to its first stage of that name, which is planned then, with its chunks. */
    async upTo(name: string, job: JobId, affinity: string): Promise<{ stage: StageRow; chunks: Chunks }> {
      const found = await work(job, affinity, name);
      if (found === null) throw new Error(`${job} has no stage "${name}"`);
      return found;
    },
    /** Does all of a job; the path of its model. Jobs of one affinity share a warm Python. */
    async finish(job: JobId, affinity: string): Promise<string> {
      await work(job, affinity, null);
      const row = await findJob(parts.db, job);
      const model = (await listArtifacts(parts.db, job)).find(({ name }) => name === 'model.npz');
      if (model === undefined) throw new Error(`${job} is ${row?.state}`);
      return parts.blobs.localPath(model.hash);
    },
    parts,
    async stop() {
      await runner.close();
      await farm.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type OneRunner = Awaited<ReturnType<typeof startOneRunner>>;
