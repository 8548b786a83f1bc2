import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import {
  InvitationList,
  MadeLink,
  NewFarmInvitation,
  NewInvitation,
} from '@parallel-pilot/shared/api/people.ts';
import { LinkId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { deleteInvitation, openInvitations } from '@parallel-pilot/shared/server/db/links.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { findTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { addressFor } from '../people/addresses.ts';
import { DAY_MS, makeLink, makeResetLink } from '../people/links.ts';
import { mailInvitation } from '../people/mailed-links.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { refuse } from '../people/refusal.ts';
import { answer, json } from './people-answers.ts';
import { unknownTeam } from './teams.ts';

/** Open invitations to one team, or to the farm, at a time. */
const MOST_OPEN = 200;

/** Invitations to a team and to the farm, and links to a new password that an admin hands over. */
export function invitationRoutes(parts: PeopleParts): OpenAPIHono {
  const { db } = parts;
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const { id } = c.req.valid('param');
    return principalOf(c).team === id ? c.json(await listed(parts, id), 200) : unknownTeam(c);
  });
  routes.openapi(invite, async (c) => {
    const { id } = c.req.valid('param');
    if (principalOf(c).team !== id) return unknownTeam(c);
    const { role, ...given } = c.req.valid('json');
    const team = await findTeam(db, id);
    if (team === undefined) return unknownTeam(c);
    if (team.personal_of !== null) return answer(c, PERSONAL);
    return makeInvitation(c, parts, { ...given, team: id, role });
  });
  routes.openapi(takeBack, async (c) => {
    const { id, link } = c.req.valid('param');
    if (principalOf(c).team !== id) return unknownTeam(c);
    return forget(c, parts, link, id);
  });
  routes.openapi(listFarm, async (c) => c.json(await listed(parts, null), 200));
  routes.openapi(inviteToFarm, (c) =>
    makeInvitation(c, parts, { ...c.req.valid('json'), team: null, role: null }),
  );
  routes.openapi(takeBackFarm, (c) => forget(c, parts, c.req.valid('param').link, null));
  routes.openapi(reset, async (c) => {
    const person = await findPerson(db, c.req.valid('param').id);
    if (person === undefined) return problem(c, 404, 'not-found', 'There is no such person.');
    if (parts.accounts === null || !person.subject.startsWith('auth:')) return answer(c, NO_PASSWORD);
    const link = await makeResetLink(parts, person.id, principalOf(c).person);
    auditAs(c, 'person.reset-link', person.id);
    c.header('cache-control', 'no-store');
    const { id, path, expiresAt } = link;
    return c.json({ id, url: addressFor(c, parts, path), expiresAt, mailed: false }, 201);
  });
  return routes;
}

type Invitation = { team: TeamId | null; role: TeamRole | null; email: string | null; days: number };

async function makeInvitation(c: Context, parts: PeopleParts, { team, role, email, days }: Invitation) {
  const { person } = principalOf(c);
  const open = await openInvitations(parts.db, team, parts.clock());
  if (open.length >= MOST_OPEN)
    return problem(
      c,
      409,
      'too-many-invitations',
      `${MOST_OPEN} invitations are open. Take some back first.`,
    );
  const link = await makeLink(parts, {
    purpose: 'invitation',
    team_id: team,
    role,
    email,
    created_by: person,
    ms: days * DAY_MS,
  });
  const mailed = await mailInvitation(parts, { path: link.path, email, team }, person);
  if (team === null) auditAs(c, 'person.invite', link.id);
  else auditAs(c, 'invitation.create', link.id, { role, email });
  c.header('cache-control', 'no-store');
  const { id, path, expiresAt } = link;
  return c.json({ id, url: addressFor(c, parts, path), expiresAt, mailed }, 201);
}

async function listed({ db, clock }: PeopleParts, team: TeamId | null): Promise<InvitationList> {
  const rows = await openInvitations(db, team, clock());
  const invitations = rows.map((row) => ({
    id: row.id,
    team: row.team_id === null ? null : { id: row.team_id, name: row.team ?? '' },
    role: row.role,
    email: row.email,
    createdBy: row.created_by === null ? null : { id: row.created_by, name: row.by ?? '' },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }));
  return { invitations };
}

async function forget(c: Context, { db }: PeopleParts, link: LinkId, team: TeamId | null) {
  if (!(await deleteInvitation(db, link, team)))
    return problem(c, 404, 'not-found', 'There is no such invitation, or it was accepted already.');
  auditAs(c, 'invitation.revoke', link);
  return c.body(null, 204);
}

const PERSONAL = refuse(
  409,
  'own-team',
  "This is a person's own team, which nobody else comes into. Make a team for several, and invite to that.",
);
const NO_PASSWORD = refuse(409, 'no-password', 'This person does not sign in with a password of this farm.');

const tags = ['Teams'];
const path = '/api/v1/teams/{id}/invitations';
const params = z.object({ id: TeamId });
const made = { 201: json(MadeLink, 'The link, shown this once'), ...problems(400, 403, 404, 409) };
const gone = { 204: { description: 'The link opens nothing any more' }, ...problems(404) };

const list = createRoute({
  method: 'get',
  path,
  ...needs('team.invite'),
  tags,
  summary: 'Invitations to the team that are open',
  request: { params },
  responses: { 200: json(InvitationList, 'Newest first'), ...problems(404) },
});

const invite = createRoute({
  method: 'post',
  path,
  ...needs('team.invite'),
  tags,
  summary: 'Invite to the team by a link that is good once',
  request: { params, body: { required: true, ...json(NewInvitation) } },
  responses: made,
});

const takeBack = createRoute({
  method: 'delete',
  path: `${path}/{link}`,
  ...needs('team.invite'),
  tags,
  summary: 'Take an invitation back',
  request: { params: z.object({ id: TeamId, link: LinkId }) },
  responses: gone,
});

const listFarm = createRoute({
  method: 'get',
  path: '/api/v1/people/invitations',
  ...needs('people.manage'),
  tags: ['People'],
  summary: 'Invitations to the farm that are open',
  responses: { 200: json(InvitationList, 'Newest first') },
});

const inviteToFarm = createRoute({
  method: 'post',
  path: '/api/v1/people/invitations',
  ...needs('people.manage'),
  tags: ['People'],
  summary: 'Invite to the farm by a link that is good once',
  request: { body: { required: true, ...json(NewFarmInvitation) } },
  responses: made,
});

const takeBackFarm = createRoute({
  method: 'delete',
  path: '/api/v1/people/invitations/{link}',
  ...needs('people.manage'),
  tags: ['People'],
  summary: 'Take an invitation to the farm back',
  request: { params: z.object({ link: LinkId }) },
  responses: gone,
});

const reset = createRoute({
  method: 'post',
  path: '/api/v1/people/{id}/reset-link',
  ...needs('people.manage'),
  tags: ['People'],
  summary: 'A link to a new password, to be handed over',
  request: { params: z.object({ id: PersonId }) },
  responses: made,
});
