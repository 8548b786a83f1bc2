import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';
import { until } from '../support/until.ts';

/** Of weights that make a model of a megabyte. */
const MODEL_BYTES = 1024 ** 2;
const ROUNDS = 5;
/** What the last chunks of a worker needed and made, which it was using when the rest went; a round is about four. */
const MOST_ON_WORKER = 8;

let farm: Farm;
let trainings: Trainings;
before(async () => {
  trainings = await makeTrainings();
  farm = await startFarm({ workers: 2 });
});
after(async () => {
  await farm?.stop();
  await trainings?.remove();
});

/** Files below the folder that have about the size of a model, each named once however often it is linked. */
async function models(folder: string): Promise<number> {
  const found = new Set<number>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    if (file !== null && file.size >= MODEL_BYTES) found.add(file.ino);
  }
  return found.size;
}

test('rounds that are over leave their models behind and nothing else, on the farm and on its workers', async () => {
  const script = scriptWith({
    instead: `
import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(${MODEL_BYTES / 8})})
for epoch in pilot.epochs(1):
    w["w"] += np.random.rand(len(w["w"]))
pilot.finish(w, samples=len(X), metrics={"accuracy": 1 / pilot.round})
`,
  });
  const settings = { shards: 2, rounds: ROUNDS, merge: 'outer' as const };
  for (const [kept, of] of [
    // The best and the newest, and what the backend made of both for their user: .npz and .safetensors.
    ['best', 6],
    ['all', 6 + ROUNDS + 4],
  ] as const) {
    const id = await trainings.submit(farm.url, script, 'points.npz', {
      ...settings,
      models: kept,
      // Equal trainings make equal files, which are stored once.
      seed: of,
    });
    await api(farm.url).reaches(id, 'completed');
    let seen: number[] = [];
    await until(
      async () => {
        const caches = farm.workers.map((_, index) => join(farm.folder, 'workers', String(index + 1)));
        seen = await Promise.all([join(farm.folder, 'blobs'), ...caches].map(models));
        return seen[0] === of && seen.slice(1).every((count) => count <= MOST_ON_WORKER);
      },
      () => `models and updates in the store and the caches: ${seen}, kept: ${kept}`,
    );
  }
});
