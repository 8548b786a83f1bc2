import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { MyTeam } from '@parallel-pilot/shared/api/farm.ts';
import {
  HandOver,
  MemberPatch,
  NewTeam,
  TeamDeletion,
  TeamDetail,
  TeamList,
  TeamPatch,
} from '@parallel-pilot/shared/api/people.ts';
import { newId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { countMembers, insertTeam, renameTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { MembershipChange } from '../people/membership.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { changeMembers, closeTeam, myTeams, teamDetail } from '../people/teams.ts';
import { answer, json } from './people-answers.ts';

/** A person makes no more teams than this. */
const MOST_TEAMS = 100;

/** Teams and their members. What is done to a team is done by who acts in it: any other is as unknown as none. */
export function teamRoutes(parts: PeopleParts): OpenAPIHono {
  const { db, clock, random, live } = parts;
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const teams = await myTeams(parts, principalOf(c));
    const members = await countMembers(
      db,
      teams.map(({ id }) => id),
    );
    return c.json({ teams: teams.map((team) => ({ ...team, members: members.get(team.id) ?? 0 })) }, 200);
  });
  routes.openapi(make, async (c) => {
    const by = principalOf(c);
    const { name } = c.req.valid('json');
    if ((await myTeams(parts, by)).filter(({ role }) => role === 'owner').length > MOST_TEAMS)
      return problem(c, 409, 'too-many-teams', `You own ${MOST_TEAMS} teams already. Delete one first.`);
    const id = newId('tea', random);
    await db
      .transaction()
      .execute((transaction) => insertTeam(transaction, { id, name, created_at: clock() }, by.person));
    auditAs(c, 'team.create', id, { name });
    return c.json({ id, name, role: 'owner' as const, personal: false }, 201);
  });
  routes.openapi(look, async (c) => {
    const { id } = c.req.valid('param');
    const detail = isOwn(c, id) ? await teamDetail(parts, id, principalOf(c)) : null;
    return detail === null ? unknown(c) : c.json(detail, 200);
  });
  routes.openapi(change, async (c) => {
    const { id } = c.req.valid('param');
    if (!isOwn(c, id)) return unknown(c);
    await renameTeam(db, id, c.req.valid('json').name);
    auditAs(c, 'team.change', id);
    const detail = await teamDetail(parts, id, principalOf(c));
    return detail === null ? unknown(c) : c.json(detail, 200);
  });
  routes.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    if (!isOwn(c, id)) return unknown(c);
    const closed = await closeTeam(parts, id, principalOf(c), c.req.valid('query').jobs);
    if (!closed.ok) return answer(c, closed);
    auditAs(c, 'team.delete', id);
    live.recheck();
    return c.body(null, 204);
  });
  const changeMember = async (c: Context, team: TeamId, what: MembershipChange) => {
    const changed = await changeMembers(parts, team, principalOf(c), what);
    if (changed.ok) live.recheck();
    return changed;
  };
  routes.openapi(changeRole, async (c) => {
    const { id, person } = c.req.valid('param');
    if (!isOwn(c, id)) return unknown(c);
    const { role } = c.req.valid('json');
    const changed = await changeMember(c, id, { of: person, to: role });
    if (!changed.ok) return answer(c, changed);
    auditAs(c, 'member.change', id, { person, role });
    return c.body(null, 204);
  });
  routes.openapi(removeMember, async (c) => {
    const { id, person } = c.req.valid('param');
    if (!isOwn(c, id)) return unknown(c);
    const changed = await changeMember(c, id, { of: person, to: null });
    if (!changed.ok) return answer(c, changed);
    auditAs(c, 'member.remove', id, { person });
    return c.body(null, 204);
  });
  routes.openapi(leave, async (c) => {
    const { id } = c.req.valid('param');
    if (!isOwn(c, id)) return unknown(c);
    const { person } = principalOf(c);
    const changed = await changeMember(c, id, { of: person, to: null });
    if (!changed.ok) return answer(c, changed);
    auditAs(c, 'member.remove', id, { person });
    return c.body(null, 204);
  });
  routes.openapi(handOver, async (c) => {
    const { id } = c.req.valid('param');
    if (!isOwn(c, id)) return unknown(c);
    const { person } = c.req.valid('json');
    const changed = await changeMember(c, id, { handOverTo: person });
    if (!changed.ok) return answer(c, changed);
    auditAs(c, 'team.hand-over', id, { to: person });
    return c.body(null, 204);
  });
  return routes;
}

const isOwn = (c: Context, id: TeamId): boolean => principalOf(c).team === id;

export const unknownTeam = (c: Context) =>
  problem(
    c,
    404,
    'not-found',
    'There is no such team, or it is not the one that you act in. Switch to it first.',
  );
const unknown = unknownTeam;

const tags = ['Teams'];
const path = '/api/v1/teams/{id}';
const params = z.object({ id: TeamId });
const member = z.object({ id: TeamId, person: PersonId });
const done = { 204: { description: 'Done' }, ...problems(400, 403, 404, 409) };

const list = createRoute({
  method: 'get',
  path: '/api/v1/teams',
  ...needs('account.see'),
  tags,
  summary: 'The teams that I am in',
  responses: { 200: json(TeamList, 'My own first, then by name') },
});

const make = createRoute({
  method: 'post',
  path: '/api/v1/teams',
  ...needs('teams.create'),
  tags,
  summary: 'Make a team',
  request: { body: { required: true, ...json(NewTeam) } },
  responses: { 201: json(MyTeam, 'The team, of which I am the owner'), ...problems(400, 409) },
});

const look = createRoute({
  method: 'get',
  path,
  ...needs('team.see'),
  tags,
  summary: 'The team that I act in, and who is in it',
  request: { params },
  responses: { 200: json(TeamDetail, 'Owners first, then by name'), ...problems(404) },
});

const change = createRoute({
  method: 'patch',
  path,
  ...needs('team.change'),
  tags,
  summary: 'Rename the team',
  request: { params, body: { required: true, ...json(TeamPatch) } },
  responses: { 200: json(TeamDetail, 'As it is now'), ...problems(400, 404) },
});

const remove = createRoute({
  method: 'delete',
  path,
  ...needs('team.change'),
  tags,
  summary: 'Delete the team, once it has no jobs under way',
  request: { params, query: TeamDeletion },
  responses: done,
});

const changeRole = createRoute({
  method: 'patch',
  path: `${path}/members/{person}`,
  ...needs('team.members'),
  tags,
  summary: "Change a member's role",
  request: { params: member, body: { required: true, ...json(MemberPatch) } },
  responses: done,
});

const removeMember = createRoute({
  method: 'delete',
  path: `${path}/members/{person}`,
  ...needs('team.members'),
  tags,
  summary: 'Take somebody out of the team',
  request: { params: member },
  responses: done,
});

const leave = createRoute({
  method: 'post',
  path: `${path}/leave`,
  ...needs('team.leave'),
  tags,
  summary: 'Leave the team',
  request: { params },
  responses: done,
});

const handOver = createRoute({
  method: 'post',
  path: `${path}/hand-over`,
  ...needs('team.change'),
  tags,
  summary: 'Make a member the owner in my place',
  request: { params, body: { required: true, ...json(HandOver) } },
  responses: done,
});
