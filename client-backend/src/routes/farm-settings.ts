import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { FarmSettings, PatchFarmSettings } from '@parallel-pilot/shared/api/farm-settings.ts';
import type { OwnEscalation } from '@parallel-pilot/shared/model/escalation.ts';
import { changeFarmSettings, farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import type { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems, sentenceOf } from '../http/problems.ts';
import { settingsOfKinds, settingsSchema, storedSettings } from '../kinds/kind-settings.ts';
import type { Parts } from '../parts.ts';

/** What admins set for the whole farm. The load balancer reads it every two seconds. */
export function farmSettingsRoutes({ db, config }: Pick<Parts, 'db' | 'config'>): OpenAPIHono {
  const routes = newRoutes();
  const { escalation: defaults } = config;
  const viewOf = ({
    deadline_first: first,
    deadline_preempt: preempt,
    private_addresses,
    kinds_json,
  }: Row): FarmSettings => ({
    deadlines: { first, preempt, defaults },
    notifications: { privateAddresses: private_addresses === 1 },
    kinds: settingsOfKinds(kinds_json),
  });
  routes.openapi(see, async (c) => c.json(viewOf(await farmSettings(db)), 200));
  routes.openapi(change, async (c) => {
    const asked = c.req.valid('json');
    const kinds = parseKinds(asked.kinds ?? {});
    if (!kinds.ok) return problem(c, 400, 'invalid-request', kinds.message);
    const { first: askedFirst, preempt: askedPreempt } = asked.deadlines ?? {};
    const changed = await changeFarmSettings(db, (row) => {
      const own = {
        first: askedFirst === undefined ? row.deadline_first : askedFirst,
        preempt: askedPreempt === undefined ? row.deadline_preempt : askedPreempt,
      };
      const addresses = asked.notifications?.privateAddresses;
      return inOrder(own)
        ? {
            deadline_first: own.first,
            deadline_preempt: own.preempt,
            private_addresses: addresses === undefined ? row.private_addresses : Number(addresses),
            kinds_json:
              asked.kinds === undefined
                ? row.kinds_json
                : JSON.stringify({ ...storedSettings(row.kinds_json), ...kinds.value }),
          }
        : null;
    });
    if (changed === null) return problem(c, 409, 'deadlines-out-of-order', OUT_OF_ORDER);
    auditAs(c, 'farm.change', null, { changed: JSON.stringify(asked) });
    return c.json(viewOf(changed), 200);
  });
  return routes;

  function inOrder(own: OwnEscalation): boolean {
    return (own.preempt ?? defaults.preempt) <= (own.first ?? defaults.first);
  }
}

/** What is set for kinds, as each of them has it. */
function parseKinds(
  asked: Record<string, unknown>,
): { ok: true; value: Record<string, unknown> } | { ok: false; message: string } {
  const value: Record<string, unknown> = {};
  for (const [kind, settings] of Object.entries(asked)) {
    const parsed = settingsSchema(kind)?.safeParse(settings);
    if (parsed === undefined)
      return { ok: false, message: `There is nothing to set of jobs of the kind "${kind}".` };
    if (!parsed.success) return { ok: false, message: `kinds.${kind}: ${sentenceOf(parsed.error)}` };
    value[kind] = parsed.data;
  }
  return { ok: true, value };
}

type Row = Awaited<ReturnType<typeof farmSettings>>;

const OUT_OF_ORDER =
  'A job goes before others before it may take the place of running work: its slack for that has to be as much or less.';

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const see = createRoute({
  method: 'get',
  path: '/api/v1/settings',
  ...needs('farm.change'),
  tags: ['Administration'],
  summary: 'What is set for the whole farm',
  responses: { 200: { description: 'The settings', content: json(FarmSettings) }, ...problems(403) },
});
const change = createRoute({
  method: 'patch',
  path: '/api/v1/settings',
  ...needs('farm.change'),
  tags: ['Administration'],
  summary: 'Set what holds for the whole farm, such as at which slack jobs with a deadline go before others',
  request: { body: { required: true, content: json(PatchFarmSettings) } },
  responses: {
    200: { description: 'The settings by now', content: json(FarmSettings) },
    ...problems(400, 403, 409),
  },
});
