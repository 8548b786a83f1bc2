import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { OpenAPIHono } from '@hono/zod-openapi';
import packageJson from '../../package.json' with { type: 'json' };

/** The OpenAPI document of all routes mounted on `app`, and a page to read it by, served from here alone. */
export function mountDocs(app: OpenAPIHono): void {
  app.doc31('/api/v1/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Parallel Pilot',
      version: packageJson.version,
      description:
        'Errors are RFC 9457 problem documents. On any address but loopback, send a key of your account as a bearer token.',
    },
    servers: [{ url: '/' }],
  });
  app.get('/api/docs', (c) => c.html(PAGE));
  app.get('/api/docs/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript' }));
  app.get('/api/docs/:file', async (c, next) => {
    const mediaType = FILES[c.req.param('file')];
    if (mediaType === undefined) return next();
    const path = fileURLToPath(import.meta.resolve(`swagger-ui-dist/${c.req.param('file')}`));
    const headers = { 'content-type': mediaType, 'cache-control': 'public, max-age=86400' };
    return c.body(await readFile(path), 200, headers);
  });
}

const FILES: Record<string, string> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parallel Pilot API</title>
    <link rel="icon" href="/api/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#docs', deepLinking: true, tryItOutEnabled: false });
`;
