import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { after, before, test } from 'node:test';
import { makeResetLink } from '@parallel-pilot/client-backend/people/links.ts';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { insertLink } from '@parallel-pilot/shared/server/db/links.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { until } from '../../support/until.ts';
import { type AccessFarm, type Asker, fromElsewhere, random, startAccessFarm } from './farm.ts';
import { OPERATIONS } from './table.ts';
import { bodyFor, thingsFor } from './things.ts';

// Ways around the table: other spellings of a path, other methods, ids where nobody looks for them, and what is under
// way when the right to it ends.

let farm: AccessFarm;
before(async () => {
  farm = await startAccessFarm();
});
after(() => farm.stop());

const TUS = { 'tus-resumable': '1.0.0' };
const UPLOADS = '/api/v1/uploads';

type Sent = { status: number; headers: IncomingMessage['headers']; body: string };

/** As it is given: `fetch` would put a path in order. */
async function send(
  method: string,
  path: string,
  { headers }: Pick<Asker, 'headers'>,
  more: { headers?: Record<string, string>; body?: string } = {},
): Promise<Sent> {
  const options: RequestOptions = { method, path, headers: { ...fromElsewhere(headers), ...more.headers } };
  const sent = request(farm.url, { ...options, agent: false });
  sent.end(more.body);
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  const body = Buffer.concat(await reply.toArray()).toString();
  return { status: reply.statusCode ?? 0, headers: reply.headers, body };
}

async function beginUpload(asker: Asker, length: number): Promise<string> {
  const made = await send('POST', UPLOADS, asker, { headers: { ...TUS, 'upload-length': String(length) } });
  assert.equal(made.status, 201, made.body);
  return made.headers.location?.split('/').at(-1) ?? '';
}

test('an upload is not reached by naming it behind one of the own team', async () => {
  const { member } = farm.askers;
  const theirs = await beginUpload(member, 4);
  const own = await beginUpload(farm.otherTeam, 2);
  const both = `${UPLOADS}/${own}?a=/${theirs}`;
  const looked = await send('HEAD', both, farm.otherTeam, { headers: TUS });
  assert.deepEqual([looked.status, looked.headers['upload-length']], [200, '2']);
  const headers = { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
  const written = await send('PATCH', both, farm.otherTeam, { headers, body: 'no' });
  assert.equal(written.status, 204, written.body);
  const ended = await send('DELETE', `${UPLOADS}/${own}?a=/${theirs}`, farm.otherTeam, { headers: TUS });
  assert.equal(ended.status, 204, ended.body);
  const left = await send('HEAD', `${UPLOADS}/${theirs}`, member, { headers: TUS });
  assert.deepEqual([left.status, left.headers['upload-offset']], [200, '0']);
});

/** Also by the pattern of another one, such as `/device-codes/{userCode}` for `/device-codes/poll`. */
const isOperation = (method: string, path: string): boolean =>
  Object.keys(OPERATIONS).some((operation) => {
    const [of = '', pattern = ''] = operation.split(' ');
    const fits = new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
    return fits && (of === method || (of === 'GET' && method === 'HEAD'));
  });

test('a method that is not in the table does nothing, whoever asks', async () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH'];
  const paths = new Set(Object.keys(OPERATIONS).map((it) => it.slice(it.indexOf(' ') + 1)));
  for (const path of paths) {
    if (!path.startsWith('/api/')) continue;
    for (const method of methods) {
      if (isOperation(method, path)) continue;
      const things = await thingsFor(farm, path);
      const real = path.replace(/\{(\w+)\}/g, (_, name: string) => things[name]?.real ?? '');
      for (const asker of [farm.askers.owner, farm.askers.reader, farm.askers.viewer]) {
        const headers = { ...TUS, 'upload-length': '4', 'x-http-method-override': 'PATCH' };
        const { status, body } = await send(method, real, asker, { headers });
        // What tus says of itself changes nothing.
        if (method === 'OPTIONS' && path.startsWith(UPLOADS) && status === 204) continue;
        assert.ok(status === 404 || status === 403, `${method} ${path}, ${asker.name}: ${status} ${body}`);
      }
    }
  }
});

const SPELLINGS: ((path: string) => string)[] = [
  (path) => `/${path}`,
  (path) => `//${path}`,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => path.replace('/v1/', '//v1/'),
  (path) => path.replace('/v1/', '/v1//'),
  (path) => path.replace('/v1/', '/v1/./'),
  (path) => path.replace('/api/', '/x/../api/'),
  (path) => path.replace('/api/', '/assets/../api/'),
  (path) => path.replace('/api/', '/%61pi/'),
  (path) => path.replace('/api/', '/%2561pi/'),
  (path) => path.replace('/api/', '/api%2f'),
  (path) => path.replace('/v1/', '/v1%2F'),
  (path) => path.replace('/v1/', '%2Fv1/'),
  (path) => path.replace('/api/', '/API/'),
  (path) => path.replace('/v1/', '/V1/'),
  (path) => path.replace('/v1/', '/v%31/'),
  (path) => path.replace('/v1/', '\\v1/'),
  (path) => path.replace('/api/', '\\api/'),
  (path) => path.replace('/api/', '/api;a=b/'),
  (path) => `${path}%00`,
  (path) => `${path}%20`,
  (path) => `${path};a`,
  (path) => `${path}%3F`,
  (path) => `${path}#a`,
  (path) => `${path}?a=/healthz`,
  (path) => `http://farm.example${path}`,
  (path) => `http://farm.example/healthz/..${path}`,
  (path) =>
    path.replace(
      /\/(\w)(\w*)$/,
      (_, first: string, rest: string) => `/%${first.charCodeAt(0).toString(16)}${rest}`,
    ),
];

test('no spelling of a path leads past the guard', async () => {
  for (const [operation, need] of Object.entries(OPERATIONS)) {
    if (need === 'open' || need === 'lease') continue;
    const [method = '', path = ''] = operation.split(' ');
    const things = await thingsFor(farm, path);
    const real = path.replace(/\{(\w+)\}/g, (_, name: string) => things[name]?.real ?? '');
    const body = JSON.stringify((await bodyFor(farm, operation)) ?? {});
    for (const spell of SPELLINGS) {
      const spelt = spell(real);
      const of =
        method === 'GET' || method === 'HEAD'
          ? {}
          : {
              body,
              headers: {
                'content-type': 'application/json',
                'content-length': String(Buffer.byteLength(body)),
              },
            };
      const reply = await send(method, spelt, { headers: {} }, of);
      const isPage = reply.headers['content-type']?.startsWith('text/html') === true;
      assert.ok(
        isPage || [400, 401, 404].includes(reply.status),
        `${method} ${spelt}: ${reply.status} ${reply.body.slice(0, 300)}`,
      );
    }
  }
});

test('a key that may only read takes no invitation', async () => {
  const token = 'a-token-of-an-invitation';
  const row = {
    id: newId('lnk', random),
    token_hash: sha256(`link:${token}`),
    purpose: 'invitation',
    team_id: farm.others,
    role: 'manager',
    email: null,
    person_id: null,
    created_by: null,
    created_at: Date.now(),
    expires_at: Date.now() + 60_000,
  } as const;
  await insertLink(farm.db, row);
  const body = JSON.stringify({ token });
  const headers = { 'content-type': 'application/json' };
  const reply = await send('POST', '/api/v1/links/accept', farm.askers.reader, { headers, body });
  assert.equal(reply.status, 403, reply.body);
  const joined = await farm.db
    .selectFrom('team_members')
    .select('team_id')
    .where('team_id', '=', farm.others)
    .where('person_id', '=', farm.member)
    .execute();
  assert.deepEqual(joined, []);
});

test('a key that ends lets no program in for longer than itself', async () => {
  const { owner } = farm.askers;
  const post = (path: string, asker: Pick<Asker, 'headers'>, body: object) =>
    send('POST', `/api/v1${path}`, asker, { headers: JSON_TYPE, body: JSON.stringify(body) });
  const expiresAt = Date.now() + 3_600_000;
  const made = await post('/account/keys', owner, {
    name: 'For an hour',
    scopes: ['read', 'manage'],
    expiresAt,
  });
  const forAnHour = { headers: { authorization: `Bearer ${JSON.parse(made.body).key}` } };
  const asked = await post('/device-codes', { headers: {} }, { name: 'A program', scopes: ['read'] });
  const approve = `/device-codes/${JSON.parse(asked.body).userCode}/approve`;
  const refused = await post(approve, forAnHour, {});
  assert.equal(refused.status, 403, refused.body);
  const approved = await post(approve, owner, {});
  assert.equal(approved.status, 200, approved.body);
});

test('whoever asks for a new password for somebody else spoils no link that is on its way', async () => {
  const link = () => makeResetLink({ ...farm, clock: Date.now }, farm.member, null, 'a@example.org');
  const [first] = [await link(), await link()];
  const body = JSON.stringify({ token: first?.path.split('#')[1] });
  const looked = await send('POST', '/api/v1/links/look', { headers: {} }, { headers: JSON_TYPE, body });
  assert.equal(looked.status, 200, looked.body);
});

test('the room on the disk, which tells what others store, is shown to an admin alone', async () => {
  const free = async (asker: Asker) => JSON.parse((await send('GET', '/api/v1/storage', asker)).body).free;
  assert.equal(await free(farm.otherTeam), null);
  assert.equal(await free(farm.askers.owner), null);
  assert.equal(typeof (await free(farm.askers.admin)), 'number');
});

test('a revoked key, tried again and again, keeps no other key out at its address', async () => {
  const revoked = farm.nobody.find(({ name }) => name === 'a revoked key');
  const look = async (asker: Asker | undefined) =>
    (await fetch(`${farm.url}/api/v1/account`, { headers: asker?.headers ?? {} })).status;
  for (let i = 0; i < 12; i += 1) assert.equal(await look(revoked), 401);
  assert.equal(await look(farm.askers.owner), 200);
});

test('what is under way ends with the key that it came with', async () => {
  const { askers } = farm;
  const id = await beginUpload(askers.manager, LONG);
  const upload = hold('PATCH', `${UPLOADS}/${id}`, askers.manager, LONG, {
    ...TUS,
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
  });
  upload.write('abc');
  // A body by drops: it would make the key that comes after the one that is revoked.
  const body = JSON.stringify({ name: 'Another key', scopes: ['read'], expiresAt: null }).padEnd(LONG);
  const another = hold('POST', '/api/v1/account/keys', askers.manager, LONG, JSON_TYPE);
  another.write(body.slice(0, 3));
  await until(async () => {
    const { body } = await send('GET', `${UPLOADS}/${id}/info`, askers.owner);
    return JSON.parse(body).offset === 3;
  }, 'the first bytes did not arrive');
  await send('GET', '/api/v1/account', askers.manager);
  // The answer comes, though it was asked for with that key.
  const revoked = await send('DELETE', `/api/v1/account/keys/${askers.manager.key}`, askers.manager);
  assert.equal(revoked.status, 204, revoked.body);
  // The rest comes drop by drop: whoever is let go on gets it all in.
  let sent = 3;
  let over = 0;
  for (const { outcome } of [upload, another]) void outcome.then(() => (over += 1));
  await until(() => {
    if (sent < LONG) for (const held of [upload, another]) held.write(body.charAt(sent));
    sent += 1;
    return over === 2;
  }, 'neither answered nor cut');
  assert.deepEqual(await Promise.all([upload.outcome, another.outcome]), ['cut', 'cut']);
  const keys = await farm.db.selectFrom('keys').select('id').where('name', '=', 'Another key').execute();
  assert.deepEqual(keys, []);
});

/** Bytes of a body that takes some seconds by drops, which is less than a body may stand still. */
const LONG = 150;
const JSON_TYPE = { 'content-type': 'application/json' };

/** A request whose body comes by and by. */
function hold(
  method: string,
  path: string,
  { headers }: Asker,
  length: number,
  more: Record<string, string>,
) {
  const all = { ...headers, ...more, 'content-length': String(length) };
  const held = request(farm.url, { method, path, agent: false, headers: all });
  const outcome = new Promise<number | 'cut'>((resolve) => {
    held.once('response', (reply) => resolve(reply.resume().statusCode ?? 0));
    held.once('error', () => resolve('cut'));
  });
  return { write: (text: string) => held.write(text), outcome };
}
