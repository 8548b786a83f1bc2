import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { MiddlewareHandler } from 'hono';

/** One line for each request: never its query, which may hold a signature. Frequent ones that went well only at debug. */
export const accessLog =
  (log: Log): MiddlewareHandler =>
  async (c, next) => {
    const started = performance.now();
    await next();
    const { status } = c.res;
    const level = status < 400 && FREQUENT.test(c.req.path) ? 'debug' : 'info';
    const ms = Math.round((performance.now() - started) * 10) / 10;
    log[level]({ event: 'http', method: c.req.method, path: c.req.path, status, ms });
  };

// What lies below the parts of a job is asked for by the hundred, but for its downloads.
const FREQUENT = /^\/(api\/v1\/(blobs|uploads|jobs\/[^/]+\/(?!artifacts\/)[^/]+)\/|healthz|readyz|assets\/)/;
