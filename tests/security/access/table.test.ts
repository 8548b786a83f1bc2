import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { may, type PERMISSIONS } from '@parallel-pilot/shared/access/permissions.ts';
import { Watch } from '@parallel-pilot/shared/protocol/live.ts';
import { io } from 'socket.io-client';
import { z } from 'zod';
import { plantJob } from '../../../load-balancer/tests/support/planted.ts';
import { type AccessFarm, type Asker, fromElsewhere, startAccessFarm } from './farm.ts';
import { OPERATIONS, ROOMS } from './table.ts';
import { bodyFor, thingsFor } from './things.ts';

// Who may do what: each operation and each room, tried by everybody there can be.

const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ 'x-needs': z.string().optional() }))),
});

let farm: AccessFarm;
let declared: Map<string, string | undefined>;
before(async () => {
  farm = await startAccessFarm();
  const headers = farm.askers.viewer.headers;
  const { paths } = Document.parse(await (await fetch(`${url()}/api/v1/openapi.json`, { headers })).json());
  declared = new Map(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, it]) => [`${method.toUpperCase()} ${path}`, it['x-needs']] as const,
      ),
    ),
  );
});
after(() => farm.stop());

const url = () => farm.url;

type Reply = { status: number; code: string | null; body: string };

async function ask(operation: string, path: string, { headers }: Asker): Promise<Reply> {
  const [method = ''] = operation.split(' ');
  const body = await bodyFor(farm, operation);
  const response = await fetch(url() + path, {
    method,
    headers: {
      ...fromElsewhere(headers),
      ...(path.startsWith('/api/v1/uploads') ? { 'tus-resumable': '1.0.0', ...TUS[method] } : {}),
      ...(method === 'PATCH' && body === undefined
        ? { 'content-type': 'application/offset+octet-stream' }
        : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  return {
    status: response.status,
    code: isProblem && text !== '' ? JSON.parse(text).code : null,
    body: text,
  };
}

const TUS: Record<string, Record<string, string>> = {
  POST: { 'upload-length': '4' },
  PATCH: { 'upload-offset': '0' },
};

const filled = (path: string, things: Awaited<ReturnType<typeof thingsFor>>, which: 'real' | 'unknown') =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => things[name]?.[which] ?? '');

const pathOf = (operation: string): string => operation.slice(operation.indexOf(' ') + 1);

test('every operation of the API is in the table with what it needs, and the table has no other', () => {
  assert.deepEqual(
    Object.fromEntries([...declared].toSorted()),
    Object.fromEntries(Object.entries(OPERATIONS).toSorted()),
  );
});

describe('each operation is done for those who may, and for nobody else', () => {
  for (const [operation, need] of Object.entries(OPERATIONS)) {
    if (need === 'open') continue;
    test(`${operation}: ${need}`, async () => {
      const path = pathOf(operation);
      for (const asker of farm.nobody) {
        const reply = await ask(operation, filled(path, await thingsFor(farm, path), 'real'), asker);
        // What a lease opens, it opens by its signature.
        assert.ok(
          (need === 'lease' ? [400] : [401]).includes(reply.status),
          `${asker.name}: ${reply.status} ${reply.body}`,
        );
      }
      if (need === 'lease') return;
      if (isOfAccounts(operation)) return forAccounts(operation, path);
      for (const asker of Object.values(farm.askers)) {
        const reply = await ask(operation, filled(path, await thingsFor(farm, path), 'real'), asker);
        const own = asker.actor.person === farm.member || !path.includes('{');
        const allowed = may(asker.actor, need, own);
        const refused = reply.status === 403 || reply.status === 401;
        assert.equal(refused, !allowed, `${asker.name}: ${reply.status} ${reply.body}`);
        assert.ok(
          reply.status < 500 || reply.code === 'load-balancer-away',
          `${asker.name}: ${reply.status} ${reply.body}`,
        );
      }
    });
  }
});

const isOfAccounts = (operation: string): boolean => pathOf(operation).startsWith('/api/auth/');

/** No key may do anything to the account of its person; whoever signed in gets as far as what they asked for. */
async function forAccounts(operation: string, path: string): Promise<void> {
  for (const asker of Object.values(farm.askers)) {
    const reply = await ask(operation, path, asker);
    assert.ok([401, 403].includes(reply.status), `${asker.name}: ${reply.status} ${reply.body}`);
  }
  if (operation.includes('sign-out') || operation.includes('/sessions/')) return;
  const reply = await ask(operation, path, farm.signedIn);
  assert.ok(![401, 403, 500].includes(reply.status), `${farm.signedIn.name}: ${reply.status} ${reply.body}`);
}

describe('what is another team’s answers like what never was', () => {
  for (const [operation, need] of Object.entries(OPERATIONS)) {
    if (need === 'open' || need === 'lease' || !/\{(id|hash|person|link|channel)\}/.test(operation)) continue;
    test(operation, async () => {
      const path = pathOf(operation);
      const things = await thingsFor(farm, path);
      const [real, unknown] = [filled(path, things, 'real'), filled(path, things, 'unknown')];
      const theirs = await ask(operation, real, farm.otherTeam);
      const never = await ask(operation, unknown, farm.otherTeam);
      assert.ok(theirs.status >= 400, `${theirs.status} ${theirs.body}`);
      const nameless = ({ status, body }: Reply, id: string) => ({
        status,
        body: body.replaceAll(id, ''),
      });
      assert.deepEqual(nameless(theirs, real), nameless(never, unknown));
    });
  }
});

test('lists and sums are of the own team alone', async () => {
  await plantJob(farm.db, { chunks: 1, person: farm.member, team: farm.team });
  for (const [path, empty] of [
    ['/api/v1/jobs', /"jobs":\[\]/],
    ['/api/v1/storage', /"stored":0,/],
    ['/api/v1/workers', /"workers":\[\]/],
  ] as const) {
    const reply = await ask(`GET ${path}`, path, farm.otherTeam);
    assert.match(reply.body, empty, path);
  }
});

describe('rooms', () => {
  test('every room is in the table', () => {
    const { options } = Watch.shape.room;
    const names = options.map((one) => (one instanceof z.ZodLiteral ? String(one.value) : 'job'));
    assert.deepEqual(names.toSorted(), Object.keys(ROOMS).toSorted());
  });

  for (const [room, need] of Object.entries(ROOMS)) {
    test(`${room}: ${need}`, async () => {
      const { job } = await plantJob(farm.db, { chunks: 1, person: farm.member, team: farm.team });
      const name = room === 'job' ? job : room;
      for (const asker of farm.nobody) assert.equal(await watch(asker, name), 'not connected', asker.name);
      for (const asker of Object.values(farm.askers)) {
        const expected = may(asker.actor, need as keyof typeof PERMISSIONS) ? 'ok' : 'room-unknown';
        assert.equal(await watch(asker, name), expected, asker.name);
      }
      if (room === 'job') assert.equal(await watch(farm.otherTeam, job), 'room-unknown');
    });
  }
});

/** What became of watching a room. */
async function watch({ headers }: Asker, room: string): Promise<string> {
  const socket = io(`${url()}/live`, {
    transports: ['websocket'],
    extraHeaders: fromElsewhere(headers),
    reconnection: false,
    forceNew: true,
  });
  try {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once('connect', () => resolve(true));
    socket.once('connect_error', () => resolve(false));
    if (!(await promise)) return 'not connected';
    const reply = await socket.timeout(5_000).emitWithAck('watch', { room });
    return reply.ok ? 'ok' : reply.code;
  } finally {
    socket.disconnect();
  }
}
