import type { OpenAPIHono } from '@hono/zod-openapi';
import { TrieRouter } from 'hono/router/trie-router';
import { type Need, needIn } from './needs.ts';

/** A request as an operation of the API: its method and path without ids, those ids by their names, and what it needs. */
export type Operation = {
  name: string;
  params: Record<string, string>;
  need: Need | 'undeclared';
};

/** The operation of a request by its method and path; null where there is no such. */
export type OperationOf = (method: string, path: string) => Operation | null;

/** Finds it among all routes of the application. A HEAD is the GET of its path, where it is none of its own. */
export function createOperations(app: OpenAPIHono): OperationOf {
  const router = new TrieRouter<Omit<Operation, 'params'>>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { path } = definition.route;
    const method = definition.route.method.toUpperCase();
    const operation = { name: `${method} ${path}`, need: needIn(definition.route) };
    router.add(method, path.replace(/\{(\w+)\}/g, ':$1'), operation);
  }
  const find: OperationOf = (method, path) => {
    const [[found] = []] = router.match(method, path);
    return found === undefined ? null : { ...found[0], params: found[1] as Record<string, string> };
  };
  return (method, path) => find(method, path) ?? (method === 'HEAD' ? find('GET', path) : null);
}
