import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono, type MiddlewareHandler, type Next } from 'hono';
import { compress } from 'hono/compress';
import { problem } from '../http/problems.ts';

const BUILT_SITE = fileURLToPath(new URL('../../../client-frontend/dist', import.meta.url));

/**
 * The built site. Files under /assets carry a hash in their name and may be
 * kept for ever; any other address without a file is a page of the application
 * and gets index.html. It may be built while the backend runs.
 */
export function siteRoutes(folder: string = BUILT_SITE): Hono {
  const site = new Hono();
  site.use(compress());
  site.get('*', async (c, next) => {
    if (existsSync(join(folder, 'index.html'))) return next();
    return problem(c, 404, 'site-not-built', NOT_BUILT);
  });
  // Not `root: folder`: serveStatic would complain at every start about a folder that may come later.
  const file = serveStatic({
    rewriteRequestPath: (path) => join(folder, path),
    precompressed: true,
  });
  const page = serveStatic({ path: join(folder, 'index.html') });
  site.get('/assets/*', (c, next) => kept('public, max-age=31536000, immutable', file, c, next));
  site.get('*', (c, next) => kept('no-cache', file, c, next));
  // A missing script or image must not be answered with a page.
  site.get('*', (c, next) => (/\.\w+$/.test(c.req.path) ? next() : kept('no-cache', page, c, next)));
  return site;
}

const NOT_BUILT =
  'The website is not built yet. Run "npm run setup" in the folder of the project, then reload this page.';

async function kept(cacheControl: string, serve: MiddlewareHandler, c: Context, next: Next) {
  const response = await serve(c, next);
  if (response instanceof Response) response.headers.set('cache-control', cacheControl);
  return response;
}
