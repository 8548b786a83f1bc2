import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import {
  AcceptLink,
  AskForReset,
  LinkAccepted,
  LinkView,
  LookAtLink,
} from '@parallel-pilot/shared/api/people.ts';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import { findPerson, teamsOf } from '@parallel-pilot/shared/server/db/people.ts';
import { peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs, doerOf } from '../audit/audit.ts';
import type { Access } from '../auth/access.ts';
import { accessRequestOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { acceptLink } from '../people/accept-link.ts';
import { openLink, viewOfLink } from '../people/links.ts';
import { mailReset } from '../people/mailed-links.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { setTeamCookie } from './account.ts';
import { answer, json } from './people-answers.ts';

/** What a link opens for whoever has it: an account, a team, a new password. */
export function linkRoutes(parts: PeopleParts, access: Access): OpenAPIHono {
  const { db, log, live } = parts;
  const routes = newRoutes();
  const resets = countAttempts(parts.clock);
  const askers = countAttempts(parts.clock);
  const signedIn = async (c: Context) => {
    const identified = await access.identify(accessRequestOf(c));
    return identified.ok ? identified.principal : null;
  };
  routes.openapi(look, async (c) => {
    const opened = await openLink(parts, c.req.valid('json').token);
    if (!opened.ok) return answer(c, opened);
    const asker = await signedIn(c);
    const you = asker !== null && may(asker, 'account.see') ? await findPerson(db, asker.person) : undefined;
    c.header('cache-control', 'no-store');
    return c.json(await viewOfLink(parts, opened.link, you ?? null), 200);
  });
  routes.openapi(accept, async (c) => {
    const asker = await signedIn(c);
    // Also where nobody need be known: a key of few scopes is not its person.
    if (asker !== null && !may(asker, 'account.change'))
      return problem(c, 403, 'not-allowed', refusalOf(asker, 'account.change'));
    const by = asker?.person ?? null;
    const accepted = await acceptLink(parts, c.req.valid('json'), by);
    if (!accepted.ok) return answer(c, accepted);
    const { link, person, team } = accepted;
    const cookies =
      person === null || parts.accounts === null
        ? null
        : await parts.accounts.openSession(person.subject, accessRequestOf(c));
    for (const cookie of cookies ?? []) c.header('set-cookie', cookie, { append: true });
    if (team !== null) setTeamCookie(c, parts, team);
    // A new password ends all sessions of before.
    live.recheck();
    auditAs(c, 'link.accept', link.id, { purpose: link.purpose });
    const who = person?.id ?? by;
    const teams = who === null ? [] : await teamsOf(db, who);
    const now = teams.find(({ id }) => id === team) ?? null;
    const joined = now && { id: now.id, name: now.name, role: now.role, personal: now.personal };
    return c.json(
      { purpose: link.purpose, signedIn: person === null || cookies !== null, team: joined },
      200,
    );
  });
  routes.openapi(forgot, (c) => {
    const { email } = c.req.valid('json');
    const { address } = doerOf(c, parts);
    if (askers.failed(peerOf(address)) > MOST_ATTEMPTS)
      return problem(
        c,
        429,
        'too-many-attempts',
        'Too many new passwords were asked for from this address. Wait a minute.',
      );
    // One mail a minute; the answer is given before anything is looked up, so that it tells nothing.
    if (resets.failed(email) === 1)
      setImmediate(
        () => void mailReset(parts, email).catch((err) => log.warn({ event: 'mail.not-sent', err })),
      );
    auditAs(c, 'password.forgotten');
    return c.json({}, 202);
  });
  return routes;
}

const tags = ['Links'];

const look = createRoute({
  method: 'post',
  path: '/api/v1/links/look',
  ...needs('open'),
  tags,
  summary: 'What a link is for',
  request: { body: { required: true, ...json(LookAtLink) } },
  responses: { 200: json(LinkView, 'What it would do'), ...problems(400, 404, 410) },
});

const accept = createRoute({
  method: 'post',
  path: '/api/v1/links/accept',
  ...needs('open'),
  tags,
  summary: 'Do what a link is for, once',
  request: { body: { required: true, ...json(AcceptLink) } },
  responses: {
    200: json(LinkAccepted, 'Done; the cookies sign in'),
    ...problems(400, 401, 403, 404, 409, 410, 422),
  },
});

const forgot = createRoute({
  method: 'post',
  path: '/api/v1/password-resets',
  ...needs('open'),
  tags,
  summary: 'Have a link to a new password sent to my e-mail address',
  request: { body: { required: true, ...json(AskForReset) } },
  responses: {
    202: json(z.object({}), 'The same, whether or not there is such an account'),
    ...problems(400, 429),
  },
});
