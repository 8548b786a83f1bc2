import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import {
  FarmLimits,
  FarmLimitsQuery,
  type LimitName,
  PatchTeamLimits,
  TeamLimits,
  Usage,
} from '@parallel-pilot/shared/api/limits.ts';
import { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { listTeams, setTeamLimits } from '@parallel-pilot/shared/server/db/team-limits.ts';
import { mostOf, teamLimitsOf } from '@parallel-pilot/shared/server/own-limits.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { laidOver } from '../limits/limits.ts';
import { usageOf, usesOfTeam } from '../limits/usage.ts';
import type { Parts } from '../parts.ts';

/** What is used and left of the limits, and their change by an admin of the farm. */
export function limitRoutes(parts: Pick<Parts, 'db' | 'clock' | 'config'>): OpenAPIHono {
  const routes = newRoutes();
  const { teamLimits: defaults } = parts.config;
  routes.openapi(usage, async (c) => {
    const { person, team } = principalOf(c);
    // Of the team that one acts in: any other is as unknown as one that there is not.
    const found = c.req.valid('param').id === team ? await usageOf(parts, { team, person }) : null;
    return found === null ? unknown(c) : c.json(found, 200);
  });
  routes.openapi(list, async (c) => {
    const { after, limit } = c.req.valid('query');
    const teams = [];
    for (const row of await listTeams(parts.db, { after, limit })) {
      const limits = teamLimitsOf(row);
      const used = await usesOfTeam(parts, row.id, (name: LimitName) => mostOf(limits, name, defaults));
      const { id, name, members, personal_of } = row;
      teams.push({ id, name, personal: personal_of !== null, members, limits, used });
    }
    const next = teams.length < limit ? null : (teams.at(-1)?.id ?? null);
    return c.json({ defaults, teams, next }, 200);
  });
  routes.openapi(change, async (c) => {
    const { id } = c.req.valid('param');
    const limits = c.req.valid('json');
    const set = await setTeamLimits(parts.db, id, (row) => laidOver(teamLimitsOf(row), limits));
    if (set === undefined) return unknown(c);
    auditAs(c, 'team.limits', id, { limits: JSON.stringify(limits) });
    return c.json(teamLimitsOf(set), 200);
  });
  return routes;
}

const unknown = (c: Context) => problem(c, 404, 'team-unknown', 'There is no such team.');

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const params = z.object({ id: TeamId });
const usage = createRoute({
  method: 'get',
  path: '/api/v1/teams/{id}/usage',
  ...needs('team.see'),
  tags: ['Teams'],
  summary: 'What the team and whoever asks have used of their limits, and what is left',
  request: { params },
  responses: { 200: { description: 'Used and left', content: json(Usage) }, ...problems(404) },
});
const list = createRoute({
  method: 'get',
  path: '/api/v1/limits',
  ...needs('teams.manage'),
  tags: ['Administration'],
  summary: 'The limits of the farm and of its teams, by name, in pages',
  request: { query: FarmLimitsQuery },
  responses: { 200: { description: 'A page', content: json(FarmLimits) }, ...problems(400, 403) },
});
const change = createRoute({
  method: 'patch',
  path: '/api/v1/teams/{id}/limits',
  ...needs('teams.manage'),
  tags: ['Administration'],
  summary: 'Change what a team may use, and how long its results are kept',
  request: { params, body: { required: true, content: json(PatchTeamLimits) } },
  responses: {
    200: { description: 'What is set for the team', content: json(TeamLimits) },
    ...problems(400, 403, 404),
  },
});
