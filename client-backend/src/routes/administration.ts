import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import {
  DeletePersonQuery,
  PatchPerson,
  PeoplePage,
  PeopleQuery,
  PersonView,
} from '@parallel-pilot/shared/api/limits.ts';
import { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import { listPeople, viewsOf } from '@parallel-pilot/shared/server/db/administration.ts';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { patchPerson } from '../people/change-person.ts';
import { deletePerson } from '../people/delete-person.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { answer } from './people-answers.ts';

/** The people of the farm, for its admins. */
export function administrationRoutes(parts: PeopleParts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const { search, after, limit } = c.req.valid('query');
    const people = await listPeople(parts.db, { search, after, limit });
    return c.json({ people, next: people.length < limit ? null : (people.at(-1)?.id ?? null) }, 200);
  });
  routes.openapi(patch, async (c) => {
    const { id } = c.req.valid('param');
    const change = c.req.valid('json');
    const changed = await patchPerson(parts, id, change);
    if (!changed.ok) return answer(c, changed);
    const { role, banned, limits } = change;
    auditAs(c, 'person.change', id, {
      ...(role === undefined ? {} : { role }),
      ...(banned === undefined ? {} : { banned }),
      ...(limits === undefined ? {} : { limits: JSON.stringify(limits) }),
    });
    const [view] = await viewsOf(parts.db, [changed.person]);
    return view === undefined
      ? problem(c, 404, 'person-unknown', 'There is no such person.')
      : c.json(view, 200);
  });
  routes.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    const { jobs } = c.req.valid('query');
    const deleted = await deletePerson(parts, principalOf(c), id, jobs);
    if (!deleted.ok) return answer(c, deleted);
    parts.live.recheck();
    auditAs(c, 'person.delete', id, { name: deleted.name, jobs: jobs ?? 'none' });
    return c.body(null, 204);
  });
  return routes;
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const params = z.object({ id: PersonId });
const tags = ['Administration'];
const list = createRoute({
  method: 'get',
  path: '/api/v1/people',
  ...needs('people.manage'),
  tags,
  summary: 'The people of the farm by name, in pages',
  request: { query: PeopleQuery },
  responses: { 200: { description: 'A page', content: json(PeoplePage) }, ...problems(400, 403) },
});
const patch = createRoute({
  method: 'patch',
  path: '/api/v1/people/{id}',
  ...needs('people.manage'),
  tags,
  summary: 'Change the role or the limits of somebody, ban them or let them in again',
  request: { params, body: { required: true, content: json(PatchPerson) } },
  responses: {
    200: { description: 'The person', content: json(PersonView) },
    ...problems(400, 403, 404, 409, 422),
  },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/v1/people/{id}',
  ...needs('people.manage'),
  tags,
  summary: 'Delete somebody, with their own team, keys, sessions and machines',
  request: { params, query: DeletePersonQuery },
  responses: { 204: { description: 'Deleted' }, ...problems(400, 403, 404, 409, 422) },
});
