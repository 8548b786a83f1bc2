import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditPage } from '@parallel-pilot/shared/api/limits.ts';
import { parseAddresses } from '@parallel-pilot/shared/server/peer-address.ts';
import { parse } from 'csv-parse/sync';
import { OWNER_KEY, startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';
import { audit, THE_FARM } from '../audit/audit.ts';
import { addJob } from '../jobs/test-farm.fixture.ts';
import { addSomebody } from '../people/people.fixture.ts';

type T = { after(end: () => Promise<void>): void };

async function start(t: T, given: Partial<Parameters<typeof startTestBackend>[0]> = {}) {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, host: '0.0.0.0', ...given });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  return backend;
}

const send = (
  { url }: TestBackend,
  operation: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Response> => {
  const [method = '', path = ''] = operation.split(' ');
  return fetch(`${url}/api/v1/${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
};

const entriesOf = async (backend: TestBackend, headers: Record<string, string>, query = '') =>
  AuditPage.parse(await (await send(backend, `GET audit${query}`, headers)).json());

test('what changed something is in the audit, with who, what, to what and from where, whatever route it was', async (t) => {
  const backend = await start(t);
  const { db } = backend.parts;
  const admin = await addSomebody(db, 'Ada', 'admin');
  const bob = await addSomebody(db, 'Bob');
  const job = await addJob(backend.parts, { by: bob });
  assert.equal(
    (await send(backend, `PATCH jobs/${job}`, bob.headers, { name: 'Balls', priority: 2 })).status,
    200,
  );
  assert.equal((await send(backend, `POST jobs/${job}/cancel`, bob.headers)).status, 200);
  assert.equal((await send(backend, `DELETE jobs/${job}`, bob.headers)).status, 204);
  // What was refused or changed nothing is none of these.
  assert.equal((await send(backend, `DELETE jobs/${job}`, bob.headers)).status, 404);
  assert.equal((await send(backend, 'GET jobs', bob.headers)).status, 200);
  const { entries, next } = await entriesOf(backend, admin.headers, `?person=${bob.person}`);
  assert.deepEqual(
    entries.map((entry) => [entry.action, entry.target, entry.person?.name, entry.team?.id, entry.key?.name]),
    ['job.delete', 'job.cancel', 'job.change'].map((action) => [action, job, 'Bob', bob.team, 'A key']),
  );
  assert.deepEqual(entries.at(-1)?.detail, { name: 'Balls', priority: 2 });
  assert.equal(next, null);
  assert.ok(entries.every(({ address }) => address === '127.0.0.1'));
  assert.doesNotMatch(JSON.stringify(entries), new RegExp(bob.key));
});

test('the audit is filtered and paged, and for admins alone', async (t) => {
  const backend = await start(t);
  const { parts } = backend;
  const admin = await addSomebody(parts.db, 'Ada', 'admin');
  const bob = await addSomebody(parts.db, 'Bob');
  for (let at = 1; at <= 5; at += 1)
    await audit({ db: parts.db, clock: () => at * 1_000 }, THE_FARM, 'job.expire', `job_0000000${at}`, {
      days: at,
    });
  const targets = async (query: string) =>
    (await entriesOf(backend, admin.headers, `?action=job.expire&${query}`)).entries.map(
      ({ detail }) => detail?.days,
    );
  assert.deepEqual(await targets(''), [5, 4, 3, 2, 1]);
  assert.deepEqual(await targets('from=2000&to=4000'), [3, 2]);
  assert.deepEqual(await targets('target=job_00000004'), [4]);
  const first = await entriesOf(backend, admin.headers, '?action=job.expire&limit=2');
  assert.deepEqual(
    [first.entries.map(({ detail }) => detail?.days), await targets(`before=${first.next}&limit=2`)],
    [
      [5, 4],
      [3, 2],
    ],
  );
  for (const path of ['audit', 'audit.csv'])
    assert.equal((await send(backend, `GET ${path}`, bob.headers)).status, 403);
  // That Bob asked is in it too.
  const refused = await entriesOf(backend, admin.headers, '?action=access.refused');
  assert.deepEqual(
    refused.entries.map(({ person, detail }) => [person?.name, detail?.operation]),
    [
      ['Bob', 'GET /api/v1/audit.csv'],
      ['Bob', 'GET /api/v1/audit'],
    ],
  );
});

test('the table for spreadsheets has every entry, and no name in it is a formula', async (t) => {
  const backend = await start(t);
  const { db, clock } = backend.parts;
  const admin = await addSomebody(db, 'Ada', 'admin');
  const evil = await addSomebody(db, '=HYPERLINK("http://evil.example","x")');
  const principal = {
    person: evil.person,
    team: evil.team,
    impersonator: null,
    proof: { type: 'local' },
  } as never;
  for (let count = 0; count < 1_203; count += 1)
    await audit({ db, clock }, { principal, address: '@SUM(1)' }, 'job.cancel', '+1,"2"\n3');
  const reply = await send(backend, 'GET audit.csv?action=job.cancel', admin.headers);
  assert.match(reply.headers.get('content-type') ?? '', /^text\/csv/);
  const rows: Record<string, string>[] = parse(await reply.text(), { columns: true });
  assert.equal(rows.length, 1_203);
  for (const row of rows) for (const value of Object.values(row)) assert.doesNotMatch(value, /^[=+\-@]/);
  assert.deepEqual(
    [rows[0]?.person, rows[0]?.target],
    [`'=HYPERLINK("http://evil.example","x")`, `'+1,"2"\n3`],
  );
});

test('signing in and out and wrong keys are in the audit, and a stranger cannot fill it', async (t) => {
  const backend = await start(t, { trustedProxies: parseAddresses('127.0.0.1') });
  const admin = await addSomebody(backend.parts.db, 'Ada', 'admin');
  const signedIn = await send(backend, 'POST session', {}, { key: OWNER_KEY });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  await send(backend, 'DELETE session', { cookie });
  for (let count = 0; count < 30; count += 1)
    await send(backend, 'POST session', { 'x-forwarded-for': '10.0.0.9' }, { key: `wrong ${count}` });
  // Nor hide behind those who only look, or what others try.
  for (let count = 0; count < 12; count += 1)
    await send(backend, 'GET jobs', { 'x-forwarded-for': '10.0.0.8' });
  await send(backend, 'POST session', { 'x-forwarded-for': '10.0.0.8' }, { key: 'wrong too' });
  const { entries } = await entriesOf(backend, admin.headers, '?limit=500');
  const actions = entries.map(({ action, person }) => `${action} ${person?.name ?? 'nobody'}`);
  assert.deepEqual(actions.slice(-2), ['session.close Owner', 'session.open Owner']);
  const refused = actions.filter((action) => action === 'session.refused nobody');
  assert.equal(refused.length, 11);
  assert.doesNotMatch(JSON.stringify(entries), /wrong \d|the-owners-key/);
});
