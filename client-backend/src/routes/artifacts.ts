import { Readable } from 'node:stream';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { ArtifactList } from '@parallel-pilot/shared/api/jobs.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findArtifact, listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJobHead, type JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { NOT_FOUND } from '../jobs/actions.ts';
import { ALL_ZIP, allZip } from '../jobs/all-zip.ts';
import { safeName } from '../jobs/artifact-names.ts';
import { FRAMES_ZIP, framesZip } from '../jobs/frames-zip.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { disposition } from './disposition.ts';
import { newRoutes, problem, problems } from './problems.ts';
import { sendBlob } from './send-blob.ts';

/** The files a job came to, with ranges so that a browser can seek in a video. */
export function artifactRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const { id } = c.req.valid('param');
    const job = await findJobHead(parts.db, id, parts.owner);
    if (job === undefined) return problem(c, 404, NOT_FOUND.code, NOT_FOUND.message);
    return c.json({ artifacts: await listOf(parts, job) }, 200);
  });
  routes.openapi(get, async (c) => {
    const { id, name } = c.req.valid('param');
    const job = await findJobHead(parts.db, id, parts.owner);
    if (job === undefined) return problem(c, 404, NOT_FOUND.code, NOT_FOUND.message);
    const how = c.req.valid('query').download === undefined ? 'inline' : 'attachment';
    const artifact = await findArtifact(parts.db, id, name);
    if (artifact === undefined && name === FRAMES_ZIP) {
      return sendZip(c, job, 'frames', await framesZip(parts, id), 'No frame of this job is done yet.');
    }
    if (artifact === undefined && name === ALL_ZIP) {
      return sendZip(c, job, 'all', await allOf(parts, job), 'This job has no files to pack together.');
    }
    const size = artifact === undefined ? null : await parts.blobs.size(artifact.hash);
    if (artifact === undefined || size === null) {
      return problem(c, 404, 'artifact-unknown', `The job has no file "${name}".`);
    }
    const blob = { hash: artifact.hash, size, mediaType: artifact.media_type };
    return sendBlob(c, parts.blobs, blob, { 'content-disposition': disposition(how, name) });
  });
  return routes;
}

type Listed = z.infer<typeof ArtifactList>['artifacts'];

async function listOf(parts: Parts, job: JobHead): Promise<Listed> {
  const url = (name: string) => `/api/v1/jobs/${job.id}/artifacts/${encodeURIComponent(name)}`;
  const rows = await listArtifacts(parts.db, job.id);
  const files = rows.map(({ name, media_type, size }) => ({
    name,
    mediaType: media_type,
    size: size as number | null,
    url: url(name),
  }));
  const { images } = backendKindOf(job.kind);
  const stage = images === null ? undefined : await findStage(parts.db, job.id, images.stage);
  const some = stage !== undefined && (await doneChunks(parts.db, stage.id, -1, 1)).length > 0;
  const zip = { name: FRAMES_ZIP, mediaType: 'application/zip', size: null, url: url(FRAMES_ZIP) };
  const all = { ...zip, name: ALL_ZIP, url: url(ALL_ZIP) };
  return [...files, ...(some ? [zip] : []), ...(hasAll(job, rows.length) ? [all] : [])];
}

const hasAll = (job: JobHead, files: number): boolean => job.state === 'completed' && files > 1;

const allOf = async (parts: Parts, job: JobHead): Promise<Readable | null> =>
  job.state === 'completed' ? allZip(parts, job.id) : null;

function sendZip(c: Context, job: JobHead, what: 'frames' | 'all', zip: Readable | null, otherwise: string) {
  const headers = {
    'content-type': 'application/zip',
    'content-disposition': disposition('attachment', `${safeName(job.name)}-${what}.zip`),
    'cache-control': 'private, no-store',
  };
  if (zip === null) return problem(c, 404, what === 'frames' ? 'no-frames' : 'no-artifacts', otherwise);
  if (c.req.method === 'HEAD') {
    zip.destroy();
    return new Response(null, { headers });
  }
  return new Response(Readable.toWeb(zip) as ReadableStream, { headers });
}

const param = z.object({ id: JobId });
const tags = ['Artifacts'];
const binary = { schema: z.string().meta({ format: 'binary' }) };

const list = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/artifacts',
  tags,
  summary: 'What can be downloaded',
  request: { params: param },
  responses: {
    200: { description: 'The files', content: { 'application/json': { schema: ArtifactList } } },
    ...problems(404),
  },
});
const get = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/artifacts/{name}',
  tags,
  summary: 'A file of the result, whole or in ranges; frames.zip holds all frames, all.zip all files',
  request: {
    params: param.extend({ name: z.string().min(1).max(255) }),
    query: z.object({ download: z.string().optional() }),
  },
  responses: {
    200: { description: 'The file', content: { 'application/octet-stream': binary } },
    206: { description: 'The part asked for', content: { 'application/octet-stream': binary } },
    ...problems(404, 416),
  },
});
