import { readFile } from 'node:fs/promises';
import { api } from '../support/api.ts';
import { makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Part, startFarm } from '../support/farm.ts';

const FRAMES = 100_000;

export type QueueFigures = { frames: number; rows: { name: string; value: string; bound: string }[] };

/** Memory of both servers and the opening times of the pages while a job of 100,000 frames waits. */
export async function measureQueue(): Promise<QueueFigures> {
  const blends = await makeBlends();
  const farm = await startFarm({ workers: 1 });
  try {
    const { submit, reaches, json, job } = api(farm.url);
    const id = await submit(blends.path('quick'), { settings: { frames: `1-${FRAMES}` } });
    await reaches(id, 'running');
    await json('POST', `/jobs/${id}/pause`);
    const queued = (await job(id)).counts;
    if (queued.total !== FRAMES) throw new Error(`the job has ${queued.total} frames, not ${FRAMES}`);
    const rows = [
      {
        name: 'Memory of the load balancer (resident; peak)',
        value: await memory(farm.balancer),
        bound: '250 MB',
      },
      {
        name: 'Memory of the client backend (resident; peak)',
        value: await memory(farm.backend),
        bound: '250 MB',
      },
    ];
    const list = await timesOf(async () => void (await json('GET', '/jobs')));
    const detail = await timesOf(async () => void (await json('GET', `/jobs/${id}`)));
    const states = await timesOf(async () => void (await json('GET', `/jobs/${id}/chunks/states`)));
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const open = (path: string, shows: string) =>
        timesOf(async () => {
          await page.goto(`${farm.url}${path}`);
          await page.getByText(shows).first().waitFor();
        });
      const jobsPage = await open('/', 'quick');
      const jobPage = await open(`/jobs/${id}`, 'quick');
      rows.push(
        { name: 'Jobs page in the browser, from address to the job shown', value: jobsPage, bound: '300 ms' },
        { name: 'Job page in the browser, from address to the job shown', value: jobPage, bound: '300 ms' },
      );
    } finally {
      await browser.close();
    }
    rows.push(
      { name: 'GET /api/v1/jobs', value: list, bound: '' },
      { name: 'GET /api/v1/jobs/:id', value: detail, bound: '' },
      { name: 'GET /api/v1/jobs/:id/chunks/states', value: states, bound: '' },
    );
    return { frames: FRAMES, rows };
  } finally {
    await farm.stop();
    await blends.remove();
  }
}

async function memory(part: Part): Promise<string> {
  const status = await readFile(`/proc/${part.pid()}/status`, 'utf8');
  const of = (field: string) =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1_024);
  return `${of('VmRSS')} MB; ${of('VmHWM')} MB`;
}

async function timesOf(action: () => Promise<void>): Promise<string> {
  const times: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    const started = performance.now();
    await action();
    times.push(performance.now() - started);
  }
  const [first = 0] = times;
  const median = times.toSorted((a, b) => a - b)[3] ?? 0;
  return `${median.toFixed(0)} ms (first ${first.toFixed(0)} ms)`;
}
