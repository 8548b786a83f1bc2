import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CreateJob } from '@parallel-pilot/shared/api/jobs.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';

/** Jobs handed over by `pilot render` whose result was not fetched yet, by what was asked for. */
const Unfinished = z.record(z.string(), JobId);
type Unfinished = z.infer<typeof Unfinished>;

/**
 * Remembers in `<data>/renders.json` what was begun, so that the same command
 * after a power cut takes up its job instead of rendering everything again.
 */
export function unfinishedRenders(dataFolder: string, server: string | null) {
  const path = join(dataFolder, 'renders.json');
  return {
    async find(request: CreateJob): Promise<JobId | null> {
      return (await read(path))[keyOf(request, server)] ?? null;
    },
    async add(request: CreateJob, job: JobId): Promise<void> {
      await write(path, { ...(await read(path)), [keyOf(request, server)]: job });
    },
    async remove(request: CreateJob): Promise<void> {
      const { [keyOf(request, server)]: _, ...others } = await read(path);
      await write(path, others);
    },
  };
}

const keyOf = (request: CreateJob, server: string | null): string =>
  createHash('sha256')
    .update(JSON.stringify([server, request]))
    .digest('hex');

async function read(path: string): Promise<Unfinished> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    return Unfinished.parse(JSON.parse(text));
  } catch {
    // A damaged memory costs no more than rendering once again.
    return {};
  }
}

async function write(path: string, renders: Unfinished): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(renders, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
