import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { MEDIA_TYPES } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { FRAME_FILE } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../../auth/guard.ts';
import { needs } from '../../auth/needs.ts';
import { disposition } from '../../http/disposition.ts';
import { newRoutes, problem, problems } from '../../http/problems.ts';
import { SANDBOX, sendBlob } from '../../http/send-blob.ts';
import type { Parts } from '../../parts.ts';
import { type FrameImage, findFrame } from './find-frame.ts';
import { pictureName } from './frame-name.ts';
import { derivedImage } from './thumbnails.ts';

/** Frames as images. A frame may be rendered again, so its address is asked again, which its ETag makes cheap. */
export function frameRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(image, async (c) => {
    const { id, frame } = c.req.valid('param');
    const { preview, download, file: wanted = FRAME_FILE } = c.req.valid('query');
    const asked = preview !== undefined && wanted === FRAME_FILE ? 'shown' : { file: wanted };
    const found = await findFrame(parts, { id, team: principalOf(c).team }, frame, asked);
    if (!found.ok) return problem(c, 404, found.code, found.message);
    const { file, job, picture } = found;
    // The type follows from the job's format. A worker names one too, and a bad one could name a script's.
    const mediaType = MEDIA_TYPES[picture.format];
    if (preview !== undefined && !SHOWN.has(mediaType)) return sendDerived(c, parts, found, 'preview');
    const size = await parts.blobs.size(file.hash);
    if (size === null)
      return problem(c, 404, 'frame-gone', `The image of frame ${frame} is not here any more.`);
    const name = pictureName(job.name, frame, picture);
    return sendBlob(
      c,
      parts.blobs,
      { hash: file.hash, size, mediaType },
      {
        'content-disposition': disposition(download === undefined ? 'inline' : 'attachment', name),
      },
    );
  });
  routes.openapi(thumbnail, async (c) => {
    const { id, frame } = c.req.valid('param');
    const found = await findFrame(parts, { id, team: principalOf(c).team }, frame, 'shown');
    if (!found.ok) return problem(c, 404, found.code, found.message);
    return sendDerived(c, parts, found, 'thumbnail');
  });
  return routes;
}

/** Images that browsers show as they are. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/webp']);

async function sendDerived(c: Context, parts: Parts, found: FrameImage, what: 'thumbnail' | 'preview') {
  const { hash } = found.file;
  const etag = `"${hash}-${what}"`;
  const headers = { 'content-type': 'image/webp', 'cache-control': 'private, no-cache', etag, ...SANDBOX };
  if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
  let path: string;
  try {
    const { format, width, height } = found.picture;
    const expected = { format, width, height };
    path = await derivedImage(parts, { job: found.job.id, hash, expected }, what);
  } catch (error) {
    parts.log.warn({ event: 'frame.derive-failed', hash, what, err: error });
    return problem(c, 404, 'frame-unreadable', 'No picture could be made of this frame.');
  }
  const { size } = await stat(path);
  const bytes = Readable.toWeb(createReadStream(path)) as ReadableStream;
  return new Response(bytes, { headers: { ...headers, 'content-length': String(size) } });
}

const param = z.object({ id: JobId, frame: z.coerce.number().int().min(-9_999_999).max(9_999_999) });
const binary = { schema: z.string().meta({ format: 'binary' }) };

const image = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/frames/{frame}',
  ...needs('jobs.see'),
  tags: ['Frames'],
  summary:
    'A rendered frame by its number; `preview` for a form that browsers can show, `file` for one of several files of it',
  request: {
    params: param,
    query: z.object({
      preview: z.string().optional(),
      download: z.string().optional(),
      /** One of several files of a frame: "view-1" is the second view, "display" what a screen shows of an OpenEXR. */
      file: z.string().max(64).optional(),
    }),
  },
  responses: {
    200: { description: 'The image', content: { 'image/*': binary } },
    ...problems(400, 404, 416),
  },
});
const thumbnail = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/frames/{frame}/thumbnail',
  ...needs('jobs.see'),
  tags: ['Frames'],
  summary: 'A frame at 256 pixels at most',
  request: { params: param },
  responses: { 200: { description: 'The image', content: { 'image/webp': binary } }, ...problems(400, 404) },
});
