import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ChunkList } from '@parallel-pilot/shared/api/chunks.ts';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import { Upload } from 'tus-js-client';
import { until } from './until.ts';

/** The HTTP API as any client sees it; `headers` say who it is, where the farm asks. */
export function api(url: string, headers: Record<string, string> = {}) {
  const request = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}/api/v1${path}`, {
      method,
      ...(body === undefined
        ? { headers }
        : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }),
    });
  const json = async (method: string, path: string, body?: unknown) => {
    const response = await request(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    request,
    json,
    upload: (file: string) => upload(url, file, headers),
    async create(job: CreateJob): Promise<JobId> {
      return (await json('POST', '/jobs', job)).id as JobId;
    },
    async submit(file: string, rest: Partial<Extract<CreateJob, { kind: 'blender' }>> = {}): Promise<JobId> {
      const blob = await upload(url, file, headers);
      const made = await json('POST', '/jobs', {
        kind: 'blender',
        source: { blob, fileName: basename(file) },
        ...rest,
      });
      return made.id as JobId;
    },
    job: async (id: JobId): Promise<JobDetail> => JobDetail.parse(await json('GET', `/jobs/${id}`)),
    chunks: async (id: JobId): Promise<ChunkList> => json('GET', `/jobs/${id}/chunks?limit=1000`),
    /** Waits until the job is in one of the states; a failed job that was not waited for throws with its reason. */
    async reaches(id: JobId, states: JobStatus | JobStatus[], timeoutMs = 120_000): Promise<JobDetail> {
      const wanted = [states].flat();
      return until(
        async () => {
          const job = JobDetail.parse(await json('GET', `/jobs/${id}`));
          if (wanted.includes(job.state)) return job;
          last = `${job.state} ${JSON.stringify(job.counts)} ${job.problem?.message ?? ''}`;
          return null;
        },
        () => `job ${id} never became ${wanted.join(' or ')}, it is ${last}`,
        timeoutMs,
      );
    },
  };
}
let last = 'unknown';

export async function upload(
  url: string,
  file: string,
  headers: Record<string, string> = {},
): Promise<BlobHash> {
  const { size } = await stat(file);
  return new Promise((resolve, reject) => {
    let hash: string | null | undefined;
    const tus = new Upload(createReadStream(file) as never, {
      endpoint: `${url}/api/v1/uploads`,
      headers,
      uploadSize: size,
      chunkSize: 8 * 1024 * 1024,
      retryDelays: [100, 500, 1_000, 2_000],
      metadata: { filename: basename(file) },
      onAfterResponse: (_request, response) => {
        hash = response.getHeader('Blob-Hash') ?? hash;
      },
      onError: reject,
      onSuccess: () => (hash ? resolve(hash as BlobHash) : reject(new Error('the upload gave no Blob-Hash'))),
    });
    tus.start();
  });
}
