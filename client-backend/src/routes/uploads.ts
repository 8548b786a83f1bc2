import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { UploadInfo } from '@parallel-pilot/shared/api/farm.ts';
import { UploadId } from '@parallel-pilot/shared/model/ids.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problemResponse, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';
import { inWords } from '../text/in-words.ts';
import { UPLOADS_PATH, type Uploads } from '../uploads/uploads.ts';

/** tus 1.0 at /api/v1/uploads, and what has become of an upload. */
export function uploadRoutes(parts: Parts, uploads: Uploads): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(info, async (c) => {
    const found = await uploads.info(c.req.valid('param').id, principalOf(c).team);
    return found === null ? problem(c, 404, 'upload-unknown', UNKNOWN) : c.json(found, 200);
  });
  const tus = async (c: Context) =>
    explain(await uploads.handle(c.req.raw, principalOf(c)), c.req.raw, parts);
  routes.on(['POST', 'OPTIONS'], UPLOADS_PATH, (c) => tus(c));
  routes.all(`${UPLOADS_PATH}/:id`, (c, next) => {
    const wrong = c.req.method === 'GET' || !UploadId.safeParse(c.req.param('id')).success;
    return wrong ? next() : tus(c);
  });
  for (const [method, path, summary] of TUS_OPERATIONS) describeTus(routes, method, path, summary);
  return routes;
}

const UNKNOWN = 'This upload is not known here: it has expired or never was. Start it again.';

/** tus answers errors in plain text; here they become the problem documents of every other route. */
async function explain(response: Response, request: Request, parts: Parts): Promise<Response> {
  if (response.status < 400) return response;
  const [code, sentence] = sentenceOf(response.status, (await response.text()).trim(), parts);
  const described = problemResponse(response.status, code, sentence);
  const headers = new Headers(response.headers);
  for (const [name, value] of described.headers) headers.set(name, value);
  headers.delete('content-length');
  return new Response(request.method === 'HEAD' ? null : described.body, {
    status: response.status,
    headers,
  });
}

function sentenceOf(status: number, text: string, parts: Parts): [code: string, sentence: string] {
  switch (status) {
    case 403: {
      const [code = '', ...words] = text.split(' ');
      return [code, words.join(' ')];
    }
    case 404:
      return ['upload-unknown', UNKNOWN];
    case 409:
      return [
        'offset-conflict',
        'The upload is at another place than this part. Ask for its offset and go on from there.',
      ];
    case 410:
      return [
        'upload-expired',
        'This upload was left unfinished for more than 7 days and was removed. Start it again.',
      ];
    case 413:
      return [
        'too-large',
        `The file is too large: this farm takes files of up to ${inWords(parts.config.maxUploadBytes)}.`,
      ];
    case 429:
      return ['too-many-uploads', text];
    case 507:
      return ['disk-full', text];
    default:
      return ['upload-refused', text === '' ? 'The upload was not taken.' : text];
  }
}

const info = createRoute({
  method: 'get',
  path: `${UPLOADS_PATH}/{id}/info`,
  ...needs('jobs.submit'),
  tags: ['Uploads'],
  summary: 'How far an upload is, and the blob it became',
  request: { params: z.object({ id: UploadId }) },
  responses: {
    200: { description: 'The upload', content: { 'application/json': { schema: UploadInfo } } },
    ...problems(404),
  },
});

const TUS_OPERATIONS = [
  ['post', UPLOADS_PATH, 'Begin a resumable upload (tus 1.0)'],
  ['head', `${UPLOADS_PATH}/{id}`, 'The offset to go on from; Blob-Hash when complete'],
  ['patch', `${UPLOADS_PATH}/{id}`, 'Send bytes from an offset on; Blob-Hash with the last'],
  ['delete', `${UPLOADS_PATH}/{id}`, 'Give an upload up'],
] as const;

function describeTus(
  routes: OpenAPIHono,
  method: 'post' | 'head' | 'patch' | 'delete',
  path: string,
  summary: string,
): void {
  const request = path === UPLOADS_PATH ? {} : { request: { params: z.object({ id: UploadId }) } };
  const responses = { default: { description: 'As tus 1.0 says; errors are problem documents' } };
  routes.openAPIRegistry.registerPath({
    method,
    path,
    ...needs('jobs.submit'),
    tags: ['Uploads'],
    summary,
    ...request,
    responses,
  });
}
