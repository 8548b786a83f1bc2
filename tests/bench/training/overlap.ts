import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { MergeSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { api } from '../../support/api.ts';
import { type Farm, startFarm } from '../../support/farm.ts';
import { machine, median, writeFigures } from '../figures.ts';
import { type SlowLink, slowLink } from './slow-link.ts';

/**
 * `npm run bench:training -- --part overlap`: what it saves to send updates while the last steps of a round are made, over
 * slow links. The steps take their time without a processor, so that two shards on one machine do not hinder each other.
 */
const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '6' },
    megabytes: { type: 'string', default: '10' },
    up: { type: 'string', default: '8' },
    dry: { type: 'boolean', default: false },
  },
});
const [rounds, megabytes, up] = [Number(given.rounds), Number(given.megabytes), Number(given.up)];
const [STEPS, STEP_SECONDS, DOWN] = [20, 0.1, 100];
const SCRIPT = `import time
import numpy as np
import pilot
X = pilot.data()
w = pilot.weights({"w": np.zeros((${megabytes * 250}, 1000), np.float32)})["w"]
rng = np.random.default_rng(pilot.seed + pilot.shard)
for rows in pilot.steps(1, weights=lambda: {"w": w}):
    w += np.float32(0.001) * rng.standard_normal(1000, dtype=np.float32)
    time.sleep(${STEP_SECONDS})
pilot.finish({"w": w}, metrics={"loss": 1.0})
`;
const WAYS: Partial<TrainingSettings>[] = [
  {},
  { overlap: 15 },
  { compress: 'int8' },
  { compress: 'int8', overlap: 15 },
];

const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
const farm = await startFarm({ workers: 0 });
const links: SlowLink[] = [];
try {
  for (const _ of [1, 2]) {
    const link = await slowLink(Number(new URL(farm.url).port), { up: up * 1e6, down: DOWN * 1e6 });
    links.push(link);
    await farm.addWorker({ PILOT_BACKEND_URL: `http://127.0.0.1:${link.port}` });
  }
  const lines: string[] = [];
  for (const way of WAYS) lines.push(await measure(farm, way));
  const report = `### Training: updates sent while steps are made

\`npm run bench:training -- --part overlap\`, ${new Date().toISOString().slice(0, 10)}. ${machine()}. A model of ${megabytes} MB, two shards on two workers, each with a link
of ${up} MB/s to the farm and ${DOWN} MB/s from it (a proxy); rounds of ${STEPS} steps of ${STEP_SECONDS} s, so ${STEPS * STEP_SECONDS} s. Medians of rounds 2 to ${rounds - 1} of ${rounds}.

| updates | overlap, steps | from the round's plan to its last shard's report | beyond the steps | sent, of it early |
|---|---|---|---|---|
${lines.join('\n')}
`;
  if (!given.dry) await writeFigures('training_overlap', report);
  process.stdout.write(`${report}\n`);
} finally {
  await farm.stop();
  for (const link of links) await link.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(farm: Farm, way: Partial<TrainingSettings>): Promise<string> {
  const client = api(farm.url);
  const script = join(folder, 'slow.py');
  await writeFile(script, SCRIPT);
  const data = fileURLToPath(new URL('../../../examples/training/digits.npz', import.meta.url));
  const settings = {
    ...{ shards: 2, rounds, holdout: 0, mode: 'diloco', innerSteps: STEPS, models: 'best' },
    ...way,
  };
  const job = await client.create({
    kind: 'training',
    script: { blob: await client.upload(script), fileName: 'slow.py' },
    data: { blob: await client.upload(data), fileName: 'digits.npz' },
    settings,
  } as Parameters<typeof client.create>[0]);
  await client.reaches(job, 'completed', 600_000);
  const rows = await farm.db
    .selectFrom('stages')
    .innerJoin('chunks', 'chunks.stage_id', 'stages.id')
    .innerJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .select(['stages.iteration', 'stages.name', 'stages.planned_at', 'stages.spec_json', 'leases.ended_at'])
    .where('stages.job_id', '=', job)
    .where('stages.name', 'in', ['train', 'merge'])
    .where('stages.iteration', '>', 1)
    .where('stages.iteration', '<', rounds)
    .execute();
  const trained = Map.groupBy(
    rows.filter(({ name }) => name === 'train'),
    ({ iteration }) => iteration,
  );
  const walls = [...trained.values()].map(
    (chunks) => Math.max(...chunks.map((one) => (one.ended_at ?? 0) - one.planned_at)) / 1_000,
  );
  const merges = rows.filter(({ name }) => name === 'merge');
  const bytes = merges.flatMap(({ spec_json }) => MergeSpec.parse(JSON.parse(spec_json)).bytes ?? []);
  const [sent, early] = (['sent', 'early'] as const).map((of) => median(bytes.map((one) => one[of])) / 1e6);
  const wall = median(walls);
  const { compress = 'none', overlap = 0 } = way;
  return `| ${compress} | ${overlap} | ${wall.toFixed(2)} s | **${(wall - STEPS * STEP_SECONDS).toFixed(2)} s** | ${sent?.toFixed(1)} MB, ${early?.toFixed(1)} MB |`;
}
