import type { TakeNetwork } from '@parallel-pilot/shared/api/load.ts';
import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import { findArtifact } from '@parallel-pilot/shared/server/db/artifacts.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { putForecastNetwork } from '@parallel-pilot/shared/server/db/load.ts';
import type { z } from 'zod';
import type { LoadForecast } from './load-forecast.ts';
import { MOST_BYTES, takeWeights } from './take-weights.ts';

type Taken = { ok: true } | { ok: false; status: 404 | 409; code: string; message: string };
type NoJob = Pick<Extract<Taken, { ok: false }>, 'code' | 'message'>;

/** Has the load forecast by what a job of the team came to, where it is better than Holt-Winters. */
export async function takeNetwork(
  { db, blobs, clock, forecast }: { db: Db; blobs: BlobStore; clock: Clock; forecast: LoadForecast },
  { job: id, artifact: name }: z.output<typeof TakeNetwork>,
  { team, noJob }: { team: TeamId; noJob: NoJob },
): Promise<Taken> {
  const job = await findJobHead(db, id, team);
  if (job === undefined) return { ok: false, status: 404, ...noJob };
  const artifact = await findArtifact(db, id, name);
  const size = artifact === undefined ? null : await blobs.size(artifact.hash);
  if (artifact === undefined || size === null)
    return { ok: false, status: 404, code: 'artifact-unknown', message: `The job has no file "${name}".` };
  const refused = (why: string): Taken => ({
    ok: false,
    status: 409,
    code: 'no-network',
    message: `The file "${name}" ${why}. Take the job that came of examples/load-forecast/network.py.`,
  });
  if (size > MOST_BYTES) return refused('is larger than a megabyte');
  const bytes = Buffer.concat(await blobs.read(artifact.hash).toArray());
  const taken = takeWeights(bytes);
  if (!taken.ok) return refused(taken.message);
  await putForecastNetwork(db, { weights: bytes.toString('base64'), job_name: job.name, taken_at: clock() });
  await forecast.renew();
  return { ok: true };
}
