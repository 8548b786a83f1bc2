import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { isExempt, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { limitConnections, serverOptions } from '@parallel-pilot/shared/server/connection-limits.ts';
import { type Bindings, sendAsBlocks } from './http/blob-body.ts';
import { problemResponse } from './http/problems.ts';

/** An HTTP server with the limits of the settings. It answers 503 for as long as there is no application yet. */
export function createHttpServer(
  config: Pick<ServerConfig, 'connections' | 'trustedProxies'>,
  application: () => OpenAPIHono | undefined,
): Server {
  const server = createAdaptorServer({
    async fetch(request, env) {
      const answer = await application()?.fetch(request, env);
      return answer === undefined ? starting() : sendAsBlocks(answer, env as Bindings);
    },
    serverOptions: serverOptions(config.connections),
  }) as Server;
  limitConnections(server, config.connections, isExempt(config));
  return server;
}

function starting(): Response {
  const response = problemResponse(503, 'starting', 'The farm is just starting. Try again in a moment.');
  response.headers.set('retry-after', '1');
  return response;
}
