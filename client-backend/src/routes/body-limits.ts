import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { problem } from '../http/problems.ts';
import { inWords } from '../text/in-words.ts';
import { UPLOADS_PATH } from '../uploads/uploads.ts';

/** The longest settings and the most parameters fit many times. */
const MOST_BYTES = 64 * 1024;
/** The lists of a job's parameters and files, 10,000 of each; the jobs of a pipeline. */
const MOST_JOB_BYTES = 4 * 1024 ** 2;
const OF_JOBS = new Set(['/api/v1/jobs', '/api/v1/templates']);
/** It may say its jobs once more, as a template has them. */
const OF_PIPELINES = '/api/v1/pipelines';
/** A key of 200 characters, each written as an escape. Anyone may send this one. */
const MOST_SIGN_IN_BYTES = 2 * 1024;
/** A name, an e-mail and a password, likewise. */
const MOST_STRANGER_BYTES = 8 * 1024;

/**
 * The most that a request may carry, declared or in chunks, before any route
 * reads it. Two kinds of request are streams, and count while they write to
 * the disk: parts of an upload, and the results of workers. `longer`: paths for which a kind needs more, or counts itself.
 */
export function limitBodies(
  longer: readonly { path: RegExp; bytes: number | null }[] = [],
): MiddlewareHandler {
  const usual = limit(MOST_BYTES);
  const job = limit(MOST_JOB_BYTES);
  const pipeline = limit(2 * MOST_JOB_BYTES);
  const signIn = limit(MOST_SIGN_IN_BYTES);
  const stranger = limit(MOST_STRANGER_BYTES);
  const long = longer.map(({ path, bytes }) => ({ path, check: bytes === null ? null : limit(bytes) }));
  return (c, next) => {
    if (isStream(c)) return next();
    if (c.req.path === '/api/v1/session') return signIn(c, next);
    if (c.req.path === OF_PIPELINES) return pipeline(c, next);
    if (OF_JOBS.has(c.req.path)) return job(c, next);
    const own = long.find(({ path }) => path.test(c.req.path));
    if (own !== undefined) return own.check === null ? next() : own.check(c, next);
    return (OF_STRANGERS.test(c.req.path) ? stranger : usual)(c, next);
  };
}

/** What anybody may send who is not known yet. */
const OF_STRANGERS = /^\/api\/v1\/(links\/|password-resets|device-codes)/;

const limit = (bytes: number): MiddlewareHandler =>
  bodyLimit({
    maxSize: bytes,
    onError: (c) =>
      problem(c, 413, 'body-too-large', `The body of this request may have ${inWords(bytes)} at the most.`),
  });

function isStream({ req: { method, path } }: Context): boolean {
  if (method === 'PUT') return /^\/api\/v1\/blobs\/[0-9a-f]{64}$/.test(path);
  return (method === 'POST' && path === UPLOADS_PATH) || (method === 'PATCH' && isUpload(path));
}

const isUpload = (path: string): boolean => path.startsWith(`${UPLOADS_PATH}/`);
