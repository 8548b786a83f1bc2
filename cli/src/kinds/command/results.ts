import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { RunList } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { GATHERED, TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import type { Api } from '../../api/client.ts';
import { eachOf } from '../../api/each-of.ts';
import { patiently } from '../../api/patience.ts';
import { saveFile } from '../../api/save.ts';
import type { RunEvent } from '../../report/events.ts';
import { fileNameOf } from '../../text/file-name.ts';
import { commandOf } from './follow.ts';

const AT_ONCE = 6;
/** What more runs have left comes as one archive. */
const MOST_BY_FILE = 1_000;
/** Says whose results a folder holds. */
const OWNER = '.pilot-job';

export type SavedResults = { folder: string | null; missing: string | null };

/** Fetches what the runs of a command have left into `<out>/<name>/<run>/…`, those of one run without its number. */
export async function saveResults(
  api: Api,
  job: JobDetail,
  out: string,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<SavedResults> {
  const { total } = commandOf(job).runs;
  const folder = await ownFolder(resolve(out, fileNameOf(job.name, 'command')), job.id);
  const saved =
    total <= MOST_BY_FILE
      ? await byFile({ api, job, folder, report, signal })
      : await asZip({ api, job, folder, signal });
  if (saved.files > 0) report({ event: 'results.saved', job: job.id, folder, ...saved });
  if (job.state !== 'completed') {
    const missing = `${total - saved.runs} of ${total} runs are missing.`;
    return { folder: saved.files > 0 ? folder : null, missing };
  }
  const missing = await saveGathered({ api, job, folder, report, signal });
  return { folder, missing };
}

type Saving = {
  api: Api;
  job: JobDetail;
  folder: string;
  report: (event: RunEvent) => void;
  signal: AbortSignal;
};
type Counted = { runs: number; files: number };

async function byFile({ api, job, folder, report, signal }: Saving): Promise<Counted> {
  const { total } = commandOf(job).runs;
  const runs = await listRuns(api, job);
  const files = runs.flatMap(({ run, files: left }) => left.map(({ path }) => ({ run, path })));
  let saved = 0;
  const step = () => report({ event: 'save.progress', saved: saved++, total: files.length });
  step();
  const digits = String(total).length;
  await eachOf(files, AT_ONCE, async ({ run, path }) => {
    const from = `/api/v1/jobs/${job.id}/runs/${run}/file?path=${encodeURIComponent(path)}`;
    const own = total === 1 ? [] : [String(run).padStart(digits, '0')];
    await saveFile(api, from, join(folder, ...own, ...path.split('/')), signal);
    step();
  });
  return { runs: runs.length, files: files.length };
}

async function asZip({ api, job, folder, signal }: Omit<Saving, 'report'>): Promise<Counted> {
  const { artifacts } = await patiently(() => api.artifacts(job.id));
  const zip = artifacts.find(({ name }) => name === 'results.zip');
  const { done } = commandOf(job).runs;
  if (zip === undefined) return { runs: done, files: 0 };
  await saveFile(api, zip.url, join(folder, 'results.zip'), signal);
  return { runs: done, files: 1 };
}

/** Null, or why what was to be put together is not there. */
async function saveGathered({ api, job, folder, report, signal }: Saving): Promise<string | null> {
  const { gather, gatherBy } = commandOf(job).settings;
  if (gather === null && gatherBy === null) return null;
  const { artifacts } = await patiently(() => api.artifacts(job.id));
  if (gather === null) return saveOwn({ api, job, folder, report, signal }, artifacts);
  const [file, view] = [GATHERED[gather], GATHERED.view].map((wanted) =>
    artifacts.find(({ name }) => name === wanted),
  );
  if (file === undefined) {
    return notGathered(job);
  }
  const path = join(folder, file.name);
  const size = await saveFile(api, file.url, path, signal);
  const shown = view === undefined ? null : shortened(await api.get(view.url, TableView));
  report({ event: 'gathered.saved', job: job.id, path, size, view: shown });
  return null;
}

/** What the command of one's own made: all files of the job but the archives, which are made when they are asked for. */
async function saveOwn(
  { api, job, folder, report, signal }: Saving,
  artifacts: Awaited<ReturnType<Api['artifacts']>>['artifacts'],
): Promise<string | null> {
  const files = artifacts.filter(({ size }) => size !== null);
  if (files.length === 0) return notGathered(job);
  for (const { name, url } of files) {
    const path = join(folder, name);
    const size = await saveFile(api, url, path, signal);
    report({ event: 'gathered.saved', job: job.id, path, size, view: null });
  }
  return null;
}

function notGathered({ notes }: JobDetail): string {
  const why = notes.find(({ code }) => code === 'not-gathered')?.message ?? 'It is not there.';
  return `The runs are done, but what they left could not be put together. ${why}`;
}

/** As much as is shown on a terminal. */
function shortened({ rows, plot, ...view }: TableView): TableView {
  const every = Math.ceil((plot?.points.length ?? 0) / 500);
  return {
    ...view,
    rows: rows.slice(0, 20),
    plot: plot === null ? null : { ...plot, points: plot.points.filter((_, index) => index % every === 0) },
  };
}

async function listRuns(api: Api, job: JobDetail): Promise<RunList['runs']> {
  const runs: RunList['runs'] = [];
  for (let after = ''; ; ) {
    const page = await patiently(() => api.get(`/api/v1/jobs/${job.id}/runs${after}`, RunList));
    runs.push(...page.runs);
    if (page.next === null) return runs;
    after = `?after=${page.next}`;
  }
}

/** The folder, or the next of its name in which nothing but results of this job lies. */
async function ownFolder(wanted: string, job: JobDetail['id']): Promise<string> {
  for (let number = 1; ; number += 1) {
    const folder = number === 1 ? wanted : `${wanted}-${number}`;
    const there = await readdir(folder).catch(() => []);
    const owner = await readFile(join(folder, OWNER), 'utf8').catch(() => '');
    if (there.length > 0 && owner.trim() !== job) continue;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, OWNER), `${job}\n`);
    return folder;
  }
}
