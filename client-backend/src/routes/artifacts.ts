import { Readable } from 'node:stream';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { ArtifactList } from '@parallel-pilot/shared/api/chunks.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findArtifact, listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { findJobHead, type JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { disposition } from '../http/disposition.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { sendBlob } from '../http/send-blob.ts';
import { NOT_FOUND } from '../jobs/actions.ts';
import { ALL_ZIP, bundleZip, hasAll, zipAll, zipBundle } from '../jobs/zip.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { safeName } from '../text/safe-name.ts';

/** The files a job came to, with ranges so that a browser can seek in a video. */
export function artifactRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const { id } = c.req.valid('param');
    const job = await findJobHead(parts.db, id, principalOf(c).team);
    if (job === undefined) return problem(c, 404, NOT_FOUND.code, NOT_FOUND.message);
    return c.json({ artifacts: await listOf(parts, job) }, 200);
  });
  routes.openapi(get, async (c) => {
    const { id, name } = c.req.valid('param');
    const job = await findJobHead(parts.db, id, principalOf(c).team);
    if (job === undefined) return problem(c, 404, NOT_FOUND.code, NOT_FOUND.message);
    const how = c.req.valid('query').download === undefined ? 'inline' : 'attachment';
    const artifact = await findArtifact(parts.db, id, name);
    const { bundle } = backendKindOf(job.kind);
    if (artifact === undefined && bundle !== undefined && name === bundleZip(bundle)) {
      return sendZip(c, job, name, await zipBundle(parts, bundle, job), bundle.none);
    }
    if (artifact === undefined && name === ALL_ZIP) {
      return sendZip(c, job, name, await zipAll(parts, job), 'This job has no files to pack together.');
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
  const zip = (name: string) => ({ name, mediaType: 'application/zip', size: null, url: url(name) });
  const { bundle } = backendKindOf(job.kind);
  const bundled = bundle !== undefined && (await bundle.files(parts, job)) !== null ? [bundle] : [];
  const all = hasAll(job, rows.length, bundled.length > 0) ? [ALL_ZIP] : [];
  return [...files, ...[...bundled.map(bundleZip), ...all].map(zip)];
}

function sendZip(c: Context, job: JobHead, name: string, zip: Readable | null, otherwise: string) {
  const headers = {
    'content-type': 'application/zip',
    'content-disposition': disposition('attachment', `${safeName(job.name)}-${name}`),
    'cache-control': 'private, no-store',
  };
  if (zip === null) return problem(c, 404, 'no-artifacts', otherwise);
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
  ...needs('jobs.see'),
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
  ...needs('jobs.see'),
  tags,
  summary:
    'A file of the result, whole or in ranges; all.zip holds all files of a completed job that has several',
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
