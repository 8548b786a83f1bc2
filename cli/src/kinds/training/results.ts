import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { z } from 'zod';
import type { Api } from '../../api/client.ts';
import { eachOf } from '../../api/each-of.ts';
import { patiently } from '../../api/patience.ts';
import { saveFile } from '../../api/save.ts';
import type { RunEvent } from '../../report/events.ts';
import type { PlannedJob } from '../../run/plan.ts';
import { fileNameOf } from '../../text/file-name.ts';
import { trainingOf } from './rounds.ts';

/** The file without which a training has come to nothing. */
export const MODEL = 'model.npz';
/** That of the last round, where another was better. */
const LAST = 'model-last.npz';
const SHOWN = 'shown.zip';

/** Its figures; as far as they are needed here. */
const Figures = z.object({
  model: z.object({ round: z.int().nullable().default(null), metrics: Metrics.nullable() }),
});
const FIGURES = 'metrics.json';

export type SavedModel = { folder: string; metrics: Metrics | null } & (
  | { model: null; missing: string }
  /** `model` is its path. */
  | { model: string; missing: null }
);

const AT_ONCE = 4;

/** The folder, or the next of its name that holds no model of another job: nobody's result is written over. */
async function freeFolder(folder: string, job: JobDetail['id']): Promise<string> {
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? folder : `${folder}-${number}`;
    if (!existsSync(join(path, MODEL)) || (await jobOf(path)) === job) return path;
  }
}

/** The job whose result is there; null where nothing says so. */
async function jobOf(folder: string): Promise<string | null> {
  try {
    return Owner.parse(JSON.parse(await readFile(join(folder, FIGURES), 'utf8'))).job;
  } catch {
    return null;
  }
}

const Owner = z.object({ job: z.string() });

/** `<out>/<name>` */
export const folderOf = ({ name }: Pick<JobDetail, 'name'>, out: string): string =>
  resolve(out, fileNameOf(name, 'training'));

/** Where the results of one of the jobs go: jobs of a sweep side by side in the folder of the script. */
export const folderFor = (folder: string, { variant }: PlannedJob): string =>
  variant === undefined ? folder : join(folder, fileNameOf(variant, 'training'));

/** Fetches what a training came to into a folder: the model, its figures, the logs. */
export async function saveModel(
  api: Api,
  job: JobDetail,
  wanted: string,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<SavedModel> {
  const folder = await freeFolder(wanted, job.id);
  if (folder !== wanted) {
    const message = `${wanted} holds the model of another training, so this one goes to ${folder}.`;
    report({ event: 'job.note', job: job.id, level: 'info', code: 'folder-taken', message });
  }
  const { artifacts } = await patiently(() => api.artifacts(job.id));
  // One without a size is packed while it is sent: what the script shows, or the others once more.
  const files = artifacts.filter(({ name, size }) => size !== null || name === SHOWN);
  let saved = 0;
  const step = () => report({ event: 'save.progress', saved: saved++, total: files.length });
  step();
  const sizes = new Map<string, number>();
  await eachOf(files, AT_ONCE, async ({ name, url }) => {
    const file = fileNameOf(name, 'file');
    sizes.set(file, await saveFile(api, url, join(folder, file), signal));
    step();
  });
  const size = sizes.get(MODEL);
  const model = join(folder, MODEL);
  const figures = size === undefined ? null : await figuresOf(folder);
  if (size !== undefined) {
    const { best } = trainingOf(job);
    const round = figures?.model.round ?? null;
    const last = sizes.has(LAST) ? join(folder, LAST) : null;
    const isBest = best !== null && best.round === round;
    report({ event: 'model.saved', job: job.id, path: model, size, round, best: isBest, last });
  }
  const names = files.map(({ name }) => fileNameOf(name, 'file'));
  if (names.length > 0) report({ event: 'files.saved', job: job.id, folder, files: names });
  if (size === undefined) return { folder, metrics: null, model: null, missing: 'There is no model.' };
  const metrics = figures === null ? trainingOf(job).metrics : figures.model.metrics;
  return { folder, metrics, model, missing: null };
}

/** Null where they are not there, or in another form. */
async function figuresOf(folder: string): Promise<z.infer<typeof Figures> | null> {
  try {
    return Figures.parse(JSON.parse(await readFile(join(folder, FIGURES), 'utf8')));
  } catch {
    return null;
  }
}
