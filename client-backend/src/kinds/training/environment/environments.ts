import {
  ENVIRONMENT_FILE,
  Environment,
  EnvironmentResult,
  environmentPath,
} from '@parallel-pilot/shared/kinds/training/packages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findEnvironment, keepEnvironment } from '@parallel-pilot/shared/server/db/environments.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { z } from 'zod';
import type { Parts } from '../../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../../kind.ts';

/** The packages that the job asks for, where an earlier job of its team had them installed. */
export async function environmentOf(
  { db, clock }: Parts,
  job: JobRow,
  { packages }: Pick<TrainingSpec, 'packages'>,
): Promise<Environment | null> {
  if (packages === null) return null;
  const found = await findEnvironment(db, { team: job.team_id, key: packages.key }, clock());
  return found === null ? null : Environment.parse(JSON.parse(found));
}

const Files = z.array(ResultFile);

/** Keeps what a worker installed, for this job and later ones. */
export async function keepInstalled(parts: Parts, { job, stage }: BackgroundTask): Promise<StageTaskResult> {
  const [only] = await doneChunks(parts.db, stage.id, -1, 1);
  if (only === undefined) throw new Error('packages were installed by no chunk');
  const files = Files.parse(JSON.parse(only.files_json ?? '[]'));
  const file = files.find(({ name }) => name === ENVIRONMENT_FILE);
  const result = EnvironmentResult.parse(JSON.parse(only.result_json ?? 'null'));
  if (file === undefined) {
    const message = 'The worker reported installed packages and sent none. Its version may be too old.';
    return {
      outcome: 'redo',
      chunks: [{ chunk: only.id, message }],
    };
  }
  const { packages } = TrainingSpec.parse(JSON.parse(job.spec_json));
  if (packages === null) throw new Error('packages were installed for a job that asks for none');
  const input = { path: environmentPath(file.hash), hash: file.hash, size: file.size };
  const environment = Environment.parse({ ...result, input });
  const key = { team: job.team_id, key: packages.key };
  await keepEnvironment(parts.db, key, file.hash as BlobHash, JSON.stringify(environment), parts.clock());
  return { outcome: 'done', value: null, blobs: [file.hash] };
}
