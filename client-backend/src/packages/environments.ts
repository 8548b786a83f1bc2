import type { BlobHash, ChunkId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import {
  ENVIRONMENT_FILE,
  Environment,
  EnvironmentResult,
  environmentPath,
  type Packages,
} from '@parallel-pilot/shared/packages/packages.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findEnvironment, keepEnvironment } from '@parallel-pilot/shared/server/db/environments.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import type { Parts } from '../parts.ts';

/** What a job asks for, as its kind has it in its spec. */
type Asked = { packages: Packages | null };

/** The packages that are asked for, where an earlier job of the team had them installed. */
export async function environmentOf(
  { db, clock }: Pick<Parts, 'db' | 'clock'>,
  team: TeamId,
  { packages }: Asked,
): Promise<Environment | null> {
  if (packages === null) return null;
  const found = await findEnvironment(db, { team, key: packages.key }, clock());
  return found === null ? null : Environment.parse(JSON.parse(found));
}

const Files = z.array(ResultFile);

type Kept =
  | { outcome: 'done'; value: null; blobs: BlobHash[] }
  | { outcome: 'redo'; chunks: { chunk: ChunkId; message: string }[] };

/** Keeps what a worker installed, for this job and later ones: the stage task of the stage that made it. */
export async function keepInstalled(
  parts: Pick<Parts, 'db' | 'clock'>,
  { job, stage }: { job: Pick<JobRow, 'team_id'>; stage: Pick<StageRow, 'id'> },
  { packages }: Asked,
): Promise<Kept> {
  const [only] = await doneChunks(parts.db, stage.id, -1, 1);
  // What could not be installed says the failure of the chunk.
  if (only === undefined) return { outcome: 'done', value: null, blobs: [] };
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
  if (packages === null) throw new Error('packages were installed for a job that asks for none');
  const input = { path: environmentPath(file.hash), hash: file.hash, size: file.size };
  const environment = Environment.parse({ ...result, input });
  const key = { team: job.team_id, key: packages.key };
  await keepEnvironment(parts.db, key, file.hash as BlobHash, JSON.stringify(environment), parts.clock());
  return { outcome: 'done', value: null, blobs: [file.hash] };
}
