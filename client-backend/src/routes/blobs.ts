import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { BlobInfo } from '@parallel-pilot/shared/api/farm.ts';
import { chunkInputsOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { BlobHash, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { StoredFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { BlobRefusal } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { findBlob, isLeaseOpen, workOfLease } from '@parallel-pilot/shared/server/db/blobs.ts';
import { isOpenedFor } from '@parallel-pilot/shared/server/db/call-files.ts';
import { hasBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { signReceipt, verifyLease } from '@parallel-pilot/shared/server/signature.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { bodyOf } from '../http/body-of.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { sendBlob } from '../http/send-blob.ts';
import type { Parts } from '../parts.ts';
import type { LeaseUploads } from '../uploads/lease-uploads.ts';
import { SPARE_BYTES } from '../uploads/no-room.ts';
import { noteBlob } from '../uploads/note-blob.ts';

/** Bytes by hash: workers read inputs and deliver results under their lease; the owner may ask what is here. */
export function blobRoutes(parts: Parts, uploads: LeaseUploads): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(info, async (c) => {
    const { hash } = c.req.valid('param');
    // What others have handed in is not here for this team; nor does it take longer to say so.
    const here = await hasBlob(parts.db, principalOf(c).team, hash);
    const row = here ? await findBlob(parts.db, hash) : undefined;
    const size = row === undefined ? null : await parts.blobs.size(hash);
    if (row === undefined || size === null) return problem(c, 404, 'blob-unknown', 'This file is not here.');
    return c.json({ hash, size, mediaType: row.media_type }, 200);
  });
  routes.openapi(get, async (c) => {
    const { hash } = c.req.valid('param');
    const { lease, signature } = c.req.valid('query');
    const refusal = await refuseLease(c, parts, lease, signature);
    if (refusal !== null) return refusal;
    const isInput = (await inputsOf(parts, lease)).some((file) => file.hash === hash);
    if (!isInput && !(await isOpenedFor(parts.db, lease, hash))) {
      return problem(c, 403, 'not-an-input', 'This file does not belong to the work of this lease.');
    }
    const size = await parts.blobs.size(hash);
    if (size === null) return problem(c, 404, 'blob-unknown', 'This file is no longer here.');
    return sendBlob(c, parts.blobs, { hash, size, mediaType: 'application/octet-stream' });
  });
  routes.openapi(put, async (c) => {
    const { hash } = c.req.valid('param');
    const { lease, signature } = c.req.valid('query');
    const refusal = await refuseLease(c, parts, lease, signature);
    return refusal ?? store(c, parts, uploads, { lease, hash });
  });
  return routes;
}

async function inputsOf(parts: Parts, lease: LeaseId): Promise<{ hash: BlobHash }[]> {
  const work = await workOfLease(parts.db, lease);
  if (work === undefined) return [];
  return [...work.inputs, ...chunkInputsOf(work.kind, work.stage, work.chunkSpec), ...work.checkpoints];
}

async function refuseLease(c: Context, parts: Parts, lease: LeaseId, signature: string) {
  if (!verifyLease(lease, signature, parts.secrets.signingKey)) {
    return problem(c, 403, 'bad-signature', 'The signature does not belong to this lease.');
  }
  if (await isLeaseOpen(parts.db, lease)) return null;
  return problem(c, 410, 'lease-ended', 'The lease has ended, and with it the access to files.');
}

// Every result of every worker passes here: one stream, one row. Bytes that are here already
// are read like others: an answer before their end would tell that they are here to somebody who has not got them.
async function store(
  c: Context,
  parts: Parts,
  uploads: LeaseUploads,
  { lease, hash }: { lease: LeaseId; hash: BlobHash },
) {
  const upload = uploads.begin(lease, hash, announced(c));
  if (upload === null) return problem(c, 413, 'too-large', OF_ONE_LEASE);
  const { maxBytes } = upload;
  const written = await parts.blobs
    .write(bodyOf(c), { maxBytes, expect: hash, keepFree: SPARE_BYTES })
    .catch((error) => {
      upload.end(null);
      throw error;
    });
  upload.end(written.ok ? written.size : null);
  if (!written.ok) return problem(c, STATUS[written.code], written.code, written.message);
  if ((await note(c, parts, hash)) === null) throw new Error('a blob was removed while it was stored');
  const { size } = written;
  const receipt = signReceipt({ lease, hash, size }, parts.secrets.signingKey);
  return c.json({ hash, size, receipt }, 200);
}

const OF_ONE_LEASE = 'The files of this lease are too many, or too large together.';

function announced(c: Context): number | null {
  const length = c.req.header('content-length');
  return length === undefined || !/^\d{1,15}$/.test(length) ? null : Number(length);
}

const STATUS = { 'hash-mismatch': 422, 'too-large': 413, 'disk-full': 507 } as const satisfies Record<
  BlobRefusal['code'],
  number
>;

function note(c: Context, parts: Parts, hash: BlobHash): Promise<number | null> {
  const given = c.req.header('content-type') ?? '';
  const mediaType = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(given) ? given : 'application/octet-stream';
  return noteBlob(parts, { hash, media_type: mediaType, created_at: parts.clock() });
}

const param = z.object({ hash: BlobHash });
const underLease = z.object({ lease: LeaseId, signature: z.string().max(200) });
const binary = { schema: z.string().meta({ format: 'binary' }) };

const info = createRoute({
  method: 'get',
  path: '/api/v1/blobs/{hash}/info',
  ...needs('jobs.submit'),
  tags: ['Uploads'],
  summary: 'Is a file with this SHA-256 here already?',
  request: { params: param },
  responses: {
    200: { description: 'It is', content: { 'application/json': { schema: BlobInfo } } },
    ...problems(404),
  },
});

const get = createRoute({
  method: 'get',
  path: '/api/v1/blobs/{hash}',
  ...needs('lease'),
  tags: ['Workers'],
  summary: 'An input of a lease, for its worker; with ranges',
  request: { params: param, query: underLease },
  responses: {
    200: { description: 'The bytes', content: { 'application/octet-stream': binary } },
    206: { description: 'The part asked for', content: { 'application/octet-stream': binary } },
    ...problems(403, 404, 410, 416),
  },
});

const put = createRoute({
  method: 'put',
  path: '/api/v1/blobs/{hash}',
  ...needs('lease'),
  tags: ['Workers'],
  summary: 'A result of a lease, from its worker',
  request: { params: param, query: underLease },
  responses: {
    200: {
      description: 'Stored; the receipt lets the result of this lease name the file',
      content: { 'application/json': { schema: StoredFile } },
    },
    ...problems(403, 410, 413, 422, 507),
  },
});
