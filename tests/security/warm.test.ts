import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';

let farm: Farm;
let trainings: Trainings;
before(async () => {
  [farm, trainings] = await Promise.all([startFarm({ workers: 1 }), makeTrainings()]);
});
after(async () => {
  await farm?.stop();
  await trainings?.remove();
});

// The last thing that a training of one round does is to be evaluated: what is left then is for whoever comes next.
const LEAVES_A_FOLDER = scriptWith({
  before: `
import os
if pilot.evaluating:
    if os.path.isfile("../update.npz"):
        os.unlink("../update.npz")
    os.makedirs("../update.npz/in/the/way", exist_ok=True)
`,
});

test('what a job leaves in its workspace is not there for the next job, though it is the same file', async () => {
  for (const which of ['first', 'second']) {
    const id = await trainings.submit(farm.url, LEAVES_A_FOLDER, 'points.npz', { rounds: 1 });
    const job = await api(farm.url).reaches(id, ['completed', 'failed']);
    assert.equal(job.state, 'completed', `the ${which} job: ${job.problem?.message}`);
  }
  const made = await farm.db.selectFrom('stages').select(['job_id', 'affinity']).distinct().execute();
  assert.equal(new Set(made.map((it) => it.job_id)).size, 2);
  assert.equal(new Set(made.map((it) => it.affinity)).size, 2);
  for (const { affinity } of made) assert.match(affinity, /^[0-9a-f]{32}$/);
});
