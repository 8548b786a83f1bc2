import { Readable } from 'node:stream';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { type AuditEntry, AuditFilter, AuditPage, AuditQuery } from '@parallel-pilot/shared/api/limits.ts';
import { listAudit } from '@parallel-pilot/shared/server/db/audit.ts';
import { needs } from '../auth/needs.ts';
import { disposition } from '../http/disposition.ts';
import { newRoutes, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

/** Who did what to what, from where: in pages, and as a table for other programs. */
export function auditRoutes({ db, log }: Pick<Parts, 'db' | 'log'>): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const { before, limit, ...filter } = c.req.valid('query');
    const entries = await listAudit(db, filter, { before, limit });
    const next = entries.length < limit ? null : (entries.at(-1)?.id ?? null);
    c.header('cache-control', 'no-store');
    return c.json({ entries, next }, 200);
  });
  routes.openapi(csv, async (c) => {
    const filter = c.req.valid('query');
    // Not before it is asked for: most farms never do.
    const { stringify } = await import('csv-stringify');
    // What begins as a formula would be one in a spreadsheet, and names are anybody's to choose.
    const table = stringify({ header: true, columns: COLUMNS, escape_formulas: true });
    const rows = Readable.from(rowsOf(db, filter));
    rows.on('error', (err) => {
      log.error({ event: 'audit.csv-cut', err });
      table.destroy(err);
    });
    table.on('close', () => rows.destroy());
    c.header('content-type', 'text/csv; charset=utf-8; header=present');
    c.header('content-disposition', disposition('attachment', 'audit.csv'));
    c.header('cache-control', 'no-store');
    return c.body(Readable.toWeb(rows.pipe(table)) as ReadableStream) as never;
  });
  return routes;
}

const PAGE = 500;

async function* rowsOf(db: Parts['db'], filter: AuditFilter): AsyncGenerator<Record<string, string>> {
  for (let before: number | undefined; ; ) {
    const entries = await listAudit(db, filter, { before, limit: PAGE });
    for (const entry of entries) yield rowOf(entry);
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE) return;
    before = last.id;
  }
}

const COLUMNS = [
  'id',
  'at',
  'person',
  'person_id',
  'impersonator',
  'impersonator_id',
  'key',
  'key_id',
  'team',
  'team_id',
  'action',
  'target',
  'address',
  'detail',
];

const rowOf = (entry: AuditEntry): Record<string, string> => ({
  id: String(entry.id),
  at: new Date(entry.at).toISOString(),
  person: entry.person?.name ?? '',
  person_id: entry.person?.id ?? '',
  impersonator: entry.impersonator?.name ?? '',
  impersonator_id: entry.impersonator?.id ?? '',
  key: entry.key?.name ?? '',
  key_id: entry.key?.id ?? '',
  team: entry.team?.name ?? '',
  team_id: entry.team?.id ?? '',
  action: entry.action,
  target: entry.target ?? '',
  address: entry.address,
  detail: entry.detail === null ? '' : JSON.stringify(entry.detail),
});

const tags = ['Administration'];
const list = createRoute({
  method: 'get',
  path: '/api/v1/audit',
  ...needs('audit.see'),
  tags,
  summary: 'Who did what to what, from where, newest first',
  request: { query: AuditQuery },
  responses: {
    200: { description: 'A page', content: { 'application/json': { schema: AuditPage } } },
    ...problems(400, 403),
  },
});
const csv = createRoute({
  method: 'get',
  path: '/api/v1/audit.csv',
  ...needs('audit.see'),
  tags,
  summary: 'The same as a table, all of it',
  request: { query: AuditFilter },
  responses: { 200: { description: 'RFC 4180 with a line of names' }, ...problems(400, 403) },
});
