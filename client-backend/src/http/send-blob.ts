import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Context } from 'hono';
import { type Bindings, BlobBody } from './blob-body.ts';
import { problem } from './problems.ts';

/**
 * Answers GET and HEAD with a blob: whole, or the part that a Range header asks
 * for, so that a browser can seek in a video. The hash is the ETag; bytes of
 * one hash never change.
 */
export function sendBlob(
  c: Context,
  blobs: BlobStore,
  blob: { hash: BlobHash; size: number; mediaType: string },
  extra: Record<string, string> = {},
): Response {
  return sendPart(c, blobs, { ...blob, start: 0, tag: blob.hash }, extra);
}

/** A part of a blob, `size` bytes from `start`. */
export type SentPart = { hash: BlobHash; start: number; size: number; mediaType: string; tag?: string };

/** Answers with a part of a blob, as if it were a file of its own. */
export function sendPart(
  c: Context,
  blobs: BlobStore,
  { hash, start, size, mediaType, tag = `${hash}-${start}-${size}` }: SentPart,
  extra: Record<string, string> = {},
): Response {
  const etag = `"${tag}"`;
  const headers: Record<string, string> = {
    'content-type': mediaType,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    etag,
    ...SANDBOX,
    ...extra,
  };
  if (namesTag(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers });
  const ifRange = c.req.header('if-range');
  const asked = ifRange === undefined || ifRange === etag ? c.req.header('range') : undefined;
  const range = parseRange(asked, size);
  if (range === 'unsatisfiable') {
    c.header('content-range', `bytes */${size}`);
    return problem(c, 416, 'range-not-satisfiable', `The file has ${size} bytes.`);
  }
  const sent = range ?? { start: 0, end: size - 1 };
  headers['content-length'] = String(sent.end - sent.start + 1);
  if (range !== null) headers['content-range'] = `bytes ${range.start}-${range.end}/${size}`;
  const status = range === null ? 200 : 206;
  if (c.req.method === 'HEAD' || size === 0) return new Response(null, { status, headers });
  const body = bodyOf(c, () => blobs.blocks(hash, { start: start + sent.start, end: start + sent.end }));
  return new Response(body, { status, headers });
}

/** The body of the answer to that request, which the server sends block by block. */
export function bodyOf(c: Context, blocks: () => AsyncIterable<Buffer>): BlobBody {
  const body = new BlobBody(blocks);
  // Without a server, as where a test asks the application itself, it is read like any other.
  const bindings = c.env as Partial<Bindings> | undefined;
  if (bindings !== undefined) bindings.blobBody = body;
  return body;
}

/** Bytes that others made must do nothing on the farm's origin, whatever they say they are. */
export const SANDBOX = {
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
};

const namesTag = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((part) => part.trim().replace(/^W\//, '') === etag) ?? false;

/** Null sends the whole file: no range, several ranges, or one that is not understood (RFC 9110). */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const [, first = '', last = ''] = match;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return null;
  return start >= size ? 'unsatisfiable' : { start, end };
}
