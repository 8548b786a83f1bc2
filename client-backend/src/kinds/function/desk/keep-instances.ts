import type { CallProblem } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { INSTANCES, type InstanceChunk } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { CHUNK_STATUSES, isSettled } from '@parallel-pilot/shared/model/chunk.ts';
import { LIVE_STATES } from '@parallel-pilot/shared/model/job.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findVersion, functionById, type VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { growStage, newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../../parts.ts';
import type { JobDesk } from '../../kind.ts';
import { Raced } from '../prepare.ts';
import type { Pool } from './pool.ts';

/** What came of asking for instances. `failed`: those that there were have ended of themselves, why says the job. */
export type Kept =
  | { kept: 'yes' }
  | { kept: 'failed'; code: CallProblem; message: string }
  | { kept: 'refused'; code: CallProblem; message: string };

/** Sees to it that a version has so many instances, or will: adds to the job that keeps them, or submits one. */
export async function keepInstances(parts: Parts, jobs: JobDesk, pool: Pool, wanted: number): Promise<Kept> {
  const { db } = parts;
  const version = await findVersion(db, pool.spec.function, pool.spec.version);
  if (version === undefined) return refused('gone', 'The function was deleted.');
  const known = pool.job;
  pool.job = version.job_id;
  const job = version.job_id === null ? undefined : await findJob(db, version.job_id);
  if (job !== undefined && isLive(job)) return grow(parts, jobs, job, wanted);
  // It was asked for by these very calls, or ended under them.
  if (job?.state === 'failed' && known === job.id) return { kept: 'failed', ...problemOf(job) };
  // It is about to be over.
  if (job?.state === 'assembling') return { kept: 'yes' };
  return begin(parts, jobs, pool, version, wanted);
}

const isLive = ({ state }: JobRow): boolean => LIVE_STATES.some((live) => live === state);

async function grow(parts: Parts, jobs: JobDesk, job: JobRow, wanted: number): Promise<Kept> {
  const { db } = parts;
  const grown = await inTransaction(db, async (db) => {
    const stage = await newestStage(db, job.id);
    // While packages are installed or an image is got, it has none yet: the job begins with as many as were asked for then.
    if (stage?.state !== 'open' || stage.name !== INSTANCES) return false;
    const counts = (await countChunks(db, [stage.id])).get(stage.id) ?? {};
    const there = CHUNK_STATUSES.filter((status) => !isSettled(status)).reduce(
      (sum, status) => sum + (counts[status] ?? 0),
      0,
    );
    const more = wanted - there;
    if (more <= 0) return false;
    const specs = Array.from(
      { length: more },
      (_, at): InstanceChunk => ({ instance: stage.chunk_count + at + 1 }),
    );
    return growStage(db, stage, specs);
  });
  if (grown) jobs.changed(job.id);
  return { kept: 'yes' };
}

async function begin(
  { db }: Parts,
  jobs: JobDesk,
  pool: Pool,
  { function_id, version }: VersionRow,
  instances: number,
): Promise<Kept> {
  const owner = await functionById(db, function_id);
  if (owner === undefined) return refused('gone', 'The function was deleted.');
  const { cpus, memoryBytes } = pool.spec.settings;
  const asked = {
    ...(cpus === null ? {} : { threads: cpus }),
    ...(memoryBytes === null ? {} : { memoryBytes }),
  };
  const by = { person: owner.person_id, team: owner.team_id };
  const submission = { kind: 'function', function: function_id, version, instances };
  const more = Object.keys(asked).length > 0 ? { asked } : {};
  try {
    const made = await jobs.submit(by, { ...submission, ...more });
    if (!made.ok) return refused('not-possible', made.message);
    pool.job = made.job;
  } catch (error) {
    // Another backend has begun one.
    if (!(error instanceof Raced)) throw error;
  }
  return { kept: 'yes' };
}

const OWN = ['handler-broken', 'keeps-dying', 'packages-missing', 'bad-image', 'build-failed'] as const;

function problemOf({ state_code, state_message }: JobRow): { code: CallProblem; message: string } {
  const own = state_code?.split('/').at(-1);
  const code = OWN.find((one) => one === own) ?? 'not-possible';
  return { code, message: state_message ?? 'The instances of the function have failed.' };
}

const refused = (code: CallProblem, message: string): Kept => ({ kept: 'refused', code, message });
