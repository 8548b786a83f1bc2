import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from './api.ts';

type TrainingJob = Extract<CreateJob, { kind: 'training' }>;
type Settings = NonNullable<TrainingJob['settings']>;

/** Logistic regression in a few lines; what a test wants otherwise is put in by `scriptWith`. */
const SCRIPT = `
import time

import numpy as np

import pilot

X, y = pilot.data()
weights = pilot.weights({"slope": np.zeros(4), "offset": np.zeros(1)})
slope, offset = weights["slope"], weights["offset"]
#BEFORE
for epoch in pilot.epochs(5):
    chance = 1 / (1 + np.exp(-(X @ slope + offset)))
    slope -= 0.5 * X.T @ (chance - y) / len(X)
    offset -= 0.5 * (chance - y).mean()
    pilot.report(loss=float(np.abs(chance - y).mean()))
    time.sleep(pilot.param("pause", 0.0))
accuracy = float((((X @ slope + offset) > 0) == y).mean())
#AFTER
pilot.finish({"slope": slope, "offset": offset}, samples=len(X), metrics={"accuracy": accuracy})
`;

export const scriptWith = (lines: { before?: string; after?: string; instead?: string }): string =>
  lines.instead ?? SCRIPT.replace('#BEFORE', lines.before ?? '').replace('#AFTER', lines.after ?? '');

export type Trainings = {
  /** A file of the data that make-training-data.py makes. */
  data(name: string): string;
  /** Hands a script and data to the farm; the refusal of a submission is thrown. */
  submit(
    url: string,
    script: string,
    data: string,
    settings?: Settings,
    asked?: TrainingJob['asked'],
  ): Promise<JobId>;
  remove(): Promise<void>;
};

/** Scripts and data for tests, in a temporary folder of their own. */
export async function makeTrainings(): Promise<Trainings> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-trainings-'));
  const maker = fileURLToPath(new URL('make-training-data.py', import.meta.url));
  await promisify(execFile)(process.env.PILOT_PYTHON ?? '/usr/bin/python3', [maker, folder]);
  const data = (name: string) => join(folder, name);
  let scripts = 0;
  return {
    data,
    async submit(url, script, name, settings = {}, asked = undefined) {
      scripts += 1;
      const path = join(folder, `train-${scripts}.py`);
      await writeFile(path, script);
      const client = api(url);
      return client.create({
        kind: 'training',
        script: { blob: await client.upload(path), fileName: 'train.py' },
        data: { blob: await client.upload(data(name)), fileName: basename(name) },
        settings: { shards: 2, rounds: 2, ...settings },
        ...(asked === undefined ? {} : { asked }),
      });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
