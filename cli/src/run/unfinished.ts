import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';

/** Jobs that were handed over and whose result was not fetched yet, by what was asked for. */
const Unfinished = z.record(z.string(), JobId);
type Unfinished = z.infer<typeof Unfinished>;

/**
 * Remembers in `<data>/unfinished.json` what was begun, so that the same
 * command after a power cut takes up its jobs instead of doing all over again.
 */
export function unfinishedJobs(dataFolder: string, server: string | null) {
  const path = join(dataFolder, 'unfinished.json');
  return {
    async find(request: CreateJob): Promise<JobId | null> {
      return (await read(path))[keyOf(request, server)] ?? null;
    },
    async add(request: CreateJob, job: JobId): Promise<void> {
      await write(path, { ...(await read(path)), [keyOf(request, server)]: job });
    },
    async remove(requests: readonly CreateJob[]): Promise<void> {
      const over = new Set(requests.map((request) => keyOf(request, server)));
      const all = Object.entries(await read(path));
      await write(path, Object.fromEntries(all.filter(([key]) => !over.has(key))));
    },
  };
}
export type UnfinishedJobs = ReturnType<typeof unfinishedJobs>;

/** By what is to be made: asked for with another priority or deadline it is the same job. */
function keyOf({ priority: _, deadline: __, ...asked }: CreateJob, server: string | null): string {
  return createHash('sha256')
    .update(JSON.stringify([server, asked]))
    .digest('hex');
}

async function read(path: string): Promise<Unfinished> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    return Unfinished.parse(JSON.parse(text));
  } catch {
    // A damaged memory costs no more than doing it once again.
    return {};
  }
}

async function write(path: string, jobs: Unfinished): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(jobs, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
