import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from './api.ts';
import type { Farm } from './farm.ts';

export type LocalSettings = NonNullable<Extract<CreateJob, { kind: 'training' }>['settings']>;

/** Folders below `root` with rows of their own, each lent as "wards" by a worker of its own: worker-1, worker-2 and so on. */
export async function lendWards(farm: Farm, root: string, workers: number): Promise<void> {
  for (let number = 1; number <= workers; number += 1)
    await farm.addWorker({ PILOT_LEND_DATA: `wards=${await lentFolder(root, number)}` });
}

async function lentFolder(root: string, number: number): Promise<string> {
  const folder = join(root, String(number));
  await mkdir(folder, { mode: 0o755 });
  const rows = `
import sys, numpy as np
random = np.random.default_rng(${number})
X = random.normal(size=(${20 * number}, 4))
np.savez(sys.argv[1], X=X, y=(X[:, 0] > X[:, 1]).astype(np.int64))`;
  await promisify(execFile)('/usr/bin/python3', ['-c', rows, join(folder, 'rows.npz')]);
  return folder;
}

/** Has the script trained on these rows. */
export async function submitLocal(
  farm: Farm,
  folder: string,
  settings: LocalSettings,
  script: string,
): Promise<JobId> {
  const path = join(folder, 'train.py');
  await writeFile(path, script);
  const client = api(farm.url);
  return client.create({
    kind: 'training',
    script: { blob: await client.upload(path), fileName: 'train.py' },
    localData: 'wards',
    settings,
  });
}

/** The blob of what it came to. */
export async function modelOf(farm: Farm, job: JobId): Promise<BlobHash> {
  const { hash } = await farm.db
    .selectFrom('artifacts')
    .select('hash')
    .where('job_id', '=', job)
    .where('name', '=', 'model.npz')
    .executeTakeFirstOrThrow();
  return hash;
}
