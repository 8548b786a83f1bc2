import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { submit } from '../../jobs/submit.ts';
import { storeBytes } from '../../jobs/test-farm.fixture.ts';
import type { Parts } from '../../parts.ts';
import type { Errand } from '../kind.ts';

export const TRAINER = { kinds: ['training'], 'training.modules': ['numpy', 'torch'] };
export const SCRIPT = 'import numpy\nimport pilot\n';

export type GivenTraining = { data: Buffer; dataName: string; settings?: Partial<TrainingSettings> };

/** Submits a training of that data, as the API would. */
export async function addTraining(parts: Parts, { data, dataName, settings }: GivenTraining): Promise<JobId> {
  const script = await storeBytes(parts, Buffer.from(SCRIPT), 'text/x-python');
  const blob = await storeBytes(parts, data, 'application/octet-stream');
  const taken = await submit(parts, {
    kind: 'training',
    script: { blob: script.hash, fileName: 'digits.py' },
    data: { blob: blob.hash, fileName: dataName },
    settings: settings as TrainingSettings,
    priority: 0,
  });
  if (!taken.ok) throw new Error(taken.message);
  return taken.job;
}

/** An errand for the newest stage of a job. */
export async function errandFor(
  parts: Parts,
  id: JobId,
  signal = new AbortController().signal,
): Promise<Errand> {
  const job = await findJob(parts.db, id);
  const stage = await newestStage(parts.db, id);
  if (job === undefined || stage === undefined) throw new Error('there is no such job');
  return { job, stage, signal, onProgress: () => undefined };
}
