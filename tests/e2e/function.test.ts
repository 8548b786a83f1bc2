import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { FunctionSummary } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { REACHING, startReachedServer } from '../support/reached-server.ts';
import { until } from '../support/until.ts';

const WHEELS = join(import.meta.dirname, '../../worker/src/packages/wheels_fixture.py');

/** Of an event and of an answer. */
const MOST_BYTES = 2_000_000;

let farm: Farm;
before(async () => {
  farm = await startFarm({ workers: 2, env: { PILOT_MAX_CALL_BYTES: String(MOST_BYTES) } });
});
after(() => farm?.stop());

type Given = { handler?: string; settings?: object; more?: object; files?: Record<string, string> };

/** Deploys these texts as the next version. */
async function deploy(
  name: string,
  text: string,
  { handler = 'handler.py', settings = {}, ...more }: Given = {},
) {
  const files = [];
  for (const [path, content] of Object.entries({ ...more.files, [handler]: text }))
    files.push({ path, blob: await upload(content) });
  const body = { name, handler, files, settings, ...more.more };
  const reply = await ask('POST', '/functions', JSON.stringify(body));
  return { status: reply.status, body: await reply.json() };
}

async function upload(text: string): Promise<string> {
  const file = join(farm.folder, createHash('sha256').update(text).digest('hex'));
  await writeFile(file, text);
  return api(farm.url).upload(file);
}

const ask = (method: string, path: string, body?: string, headers = {}) =>
  fetch(`${farm.url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': 'application/json', ...headers },
  });

/** Calls it with an event, and says what came of it. */
async function invoke(name: string, event: unknown = null) {
  const reply = await ask('POST', `/functions/${name}/invoke`, JSON.stringify(event));
  return { status: reply.status, body: await reply.json() };
}

const PYTHON = `import os, lib
def handle(event, context):
    print("called", context.call_id)
    return {"hello": lib.name(event), "pid": os.getpid(), "version": context.version}
`;
const LIB = 'def name(event):\n    return event["name"]\n';

test('a handler is deployed, called, kept warm, and its next version answers from then on', async () => {
  const { status, body } = await deploy('hello', PYTHON, { files: { 'lib.py': LIB } });
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(FunctionSummary.parse(body).version, 1);
  const first = await invoke('hello', { name: 'Ada' });
  assert.deepEqual(
    [first.status, first.body.hello, first.body.version],
    [200, 'Ada', 1],
    JSON.stringify(first.body),
  );
  const second = await invoke('hello', { name: 'Grace' });
  assert.deepEqual([second.body.hello, second.body.pid], ['Grace', first.body.pid]);

  const script = 'export default async (event, context) => ({ got: event, of: context.version });';
  await deploy('hello', script, { handler: 'handler.js' });
  assert.deepEqual((await invoke('hello', [1, 2])).body, { got: [1, 2], of: 2 });
});

test('each way in which a handler fails has a status and a sentence of its own', async () => {
  const cases: [string, string, Given, unknown, number, RegExp][] = [
    ['syntax', 'def handle(event:\n', {}, null, 500, /has a syntax error: .* \(handler\.py, line 1\)/],
    ['no-handle', 'x = 1\n', {}, null, 500, /^handler\.py has no function handle\(event, context\)/],
    ['import', 'import nowhere\n', {}, null, 500, /could not be loaded: ModuleNotFoundError.*nowhere/],
    [
      'js',
      'export default 7;',
      { handler: 'a.mjs' },
      null,
      500,
      /^a\.mjs has no default export that is a function/,
    ],
    ['js-syntax', 'export default (', { handler: 'a.mjs' }, null, 500, /has a syntax error: SyntaxError/],
    [
      'raises',
      'def handle(e, c):\n    raise KeyError("x")\n',
      {},
      1,
      500,
      /^KeyError: 'x' \(handler\.py, line 2\)/,
    ],
    ['no-json', 'def handle(e, c):\n    return {1, 2}\n', {}, 1, 500, /answer is not JSON: .*set/],
    [
      'large',
      'def handle(e, c):\n    return "x" * 2000000\n',
      {},
      1,
      500,
      /2000002 bytes as JSON, and 2000000 are/,
    ],
    ['dies', 'import os\ndef handle(e, c):\n    os._exit(3)\n', {}, 1, 502, /ended with exit code 3/],
    [
      'slow',
      'import time\ndef handle(e, c):\n    time.sleep(60)\n',
      { settings: { timeoutSeconds: 0.5 } },
      1,
      504,
      /did not answer within 0\.5 seconds/,
    ],
  ];
  const said = [];
  for (const [name, text, given, event] of cases) {
    assert.equal((await deploy(name, text, given)).status, 201, name);
    said.push(await invoke(name, event));
  }
  for (const [index, [name, , , , status, sentence]] of cases.entries()) {
    assert.equal(said[index]?.status, status, `${name}: ${JSON.stringify(said[index]?.body)}`);
    assert.match(said[index]?.body.detail, sentence, name);
  }
  const torn = await ask('POST', '/functions/raises/invoke', '{"a": ');
  assert.match((await torn.json()).detail, /The event is not JSON/);
  assert.equal(torn.status, 400);
  const nobody = await invoke('nobody');
  assert.match(nobody.body.detail, /There is no function "nobody"/);
  const refused = async (given: Given) => (await deploy('x', '', given)).body.detail;
  const blob = await upload('{}');
  const requirements = { requirements: { blob, fileName: 'r.txt' } };
  assert.match(await refused({ handler: 'a.mjs', more: requirements }), /"r\.txt" was not taken.*esbuild/);
  assert.match(
    await refused({ handler: 'a.js', files: { 'package.json': '{}' } }),
    /"package\.json" was not taken.*Bundle/,
  );
  assert.match(await refused({ more: requirements }), /"r\.txt", line 1: "\{\}" is no requirement/);
  const inImage = await refused({ more: { image: 'alpine', ...requirements } });
  assert.match(inImage, /"r\.txt" was not taken: the image "alpine" brings its own/);
  assert.match(await refused({ more: { image: 'a b' } }), /expected the name of an image/);
  assert.match(await refused({ handler: 'a.rb' }), /"a\.rb" is no handler/);
});

test('a handler reaches no network, neither the machine that it runs on', async (t) => {
  const server = await startReachedServer();
  t.after(() => server.close());
  assert.equal(await (await fetch(server.urls[0] ?? '')).text(), 'reached');
  const before = server.reached;
  await deploy('outward', REACHING);
  const { body } = await invoke('outward', server.urls);
  assert.deepEqual([body, server.reached], [server.urls.map(() => 'not reached'), before]);
});

const streamed = (body: ReadableStream | string): RequestInit =>
  ({ method: 'POST', body, duplex: 'half' }) as RequestInit;

test('events and answers too large for a message go as files, whoever calls, and are gone when nothing names them', async () => {
  const python = 'def handle(event, context):\n    return event if isinstance(event, list) else len(event)\n';
  const script = 'export default async (event) => (Array.isArray(event) ? event : event.length);';
  await deploy('big', python);
  await deploy('big-js', script, { handler: 'handler.mjs' });
  const list = JSON.stringify(Array.from({ length: 9 }, (_, at) => `${at}`.repeat(100_000)));
  const text = JSON.stringify('é'.repeat(500_000));
  for (const name of ['big', 'big-js']) {
    const echo = await ask('POST', `/functions/${name}/invoke`, list);
    assert.equal(await echo.text(), list, name);
    const length = await ask('POST', `/functions/${name}/invoke`, text);
    assert.deepEqual([length.status, await length.json()], [200, 500_000], name);
    const torn = await ask('POST', `/functions/${name}/invoke`, text.slice(0, -1));
    assert.equal(torn.status, 400, name);
    assert.match((await torn.json()).detail, /The event is not JSON: /, name);
  }
  const { path, token } = await (await ask('POST', '/functions/big/public')).json();
  // Its length is not told before.
  const pieces = new Blob([list]).stream();
  const headers = { authorization: `Bearer ${token}` };
  const open = await fetch(`${farm.url}${path}`, { ...streamed(pieces), headers });
  assert.equal(await open.text(), list);
  for (const body of [' '.repeat(MOST_BYTES + 1), new Blob([' '.repeat(MOST_BYTES + 1)]).stream()]) {
    const refused = await fetch(`${farm.url}/api/v1/functions/big/invoke`, streamed(body));
    assert.equal(refused.status, 413);
    assert.match(
      (await refused.json()).detail,
      /^An event may have 2,000,000 bytes on this farm, and this one has /,
    );
  }

  // Whoever leaves in the middle of an answer leaves nothing behind.
  await deploy('long', 'def handle(event, context):\n    return "z" * event\n');
  const leaving = new AbortController();
  const left = await fetch(`${farm.url}/api/v1/functions/long/invoke`, {
    ...{ method: 'POST', body: '1900000', signal: leaving.signal },
  });
  assert.equal(left.status, 200);
  leaving.abort();
  const long = createHash('sha256')
    .update(JSON.stringify('z'.repeat(1_900_000)))
    .digest('hex') as BlobHash;
  await until(
    async () =>
      (await farm.db.selectFrom('blobs').select('hash').where('hash', '=', long).execute()).length === 0,
    'an answer stays that nobody has',
  );

  const keyed = () => ask('POST', '/functions/big/invoke', list, { 'idempotency-key': 'large' });
  const first = await keyed();
  assert.equal(await first.text(), list);
  const again = await keyed();
  assert.deepEqual([again.headers.get('idempotency-replayed'), await again.text()], ['true', list]);
  const { call } = await (await ask('POST', '/functions/big/invoke?async=1', list)).json();
  const detail = await until(
    async () => {
      const found = await (await ask('GET', `/functions/big/calls/${call}`)).json();
      return found.state === 'done' ? found : null;
    },
    'the call was never done',
    30_000,
  );
  assert.deepEqual([detail.answer, detail.answerFile.size, detail.eventFile], [null, list.length, null]);
  assert.equal(await (await fetch(`${farm.url}${detail.answerFile.path}`)).text(), list);

  const held = async () => (await farm.db.selectFrom('held_blobs').selectAll().execute()).filter(isOfCall);
  const isOfCall = ({ holder }: { holder: string }) => holder.startsWith('cal_');
  await until(async () => (await held()).length === 2, 'more is held than the two answers that are kept');
  for (const name of ['big', 'big-js']) assert.equal((await ask('DELETE', `/functions/${name}`)).status, 204);
  assert.deepEqual(await held(), []);
});

test('packages are installed once for a function, and its handler finds them', async () => {
  const house = join(farm.folder, 'house');
  await mkdir(house);
  await promisify(execFile)('python3', [WHEELS, house]);
  const wheels = {
    blob: await api(farm.url).upload(join(house, 'wheels.zip')),
    fileName: 'wheels.zip',
  };
  const asking = async (text: string) => ({
    more: { wheels, requirements: { blob: await upload(text), fileName: 'requirements.txt' } },
  });
  const handler = (name: string) =>
    `import pilot_shapes\ndef handle(event, context):\n    return ["${name}", pilot_shapes.VERSION]\n`;
  assert.equal((await deploy('shaped', handler('one'), await asking('pilot-shapes==1.0'))).status, 201);
  assert.deepEqual((await invoke('shaped')).body, ['one', '1.0']);
  await deploy('shaped', handler('two'), await asking('# again\npilot-shapes==1.0'));
  assert.deepEqual((await invoke('shaped')).body, ['two', '1.0']);
  const { versions } = await (await ask('GET', '/functions/shaped/versions')).json();
  const stages = await farm.db
    .selectFrom('stages')
    .select(['job_id', 'name'])
    .where(
      'job_id',
      'in',
      versions.map(({ job }: { job: JobId }) => job),
    )
    .orderBy('id')
    .execute();
  assert.deepEqual(stages.map(({ name }) => name).sort(), ['environment', 'instances', 'instances']);

  // Until the next version has its packages, the one before has the calls.
  const waits = await deploy('shaped', handler('never'), await asking('pilot-shapes>=9'));
  assert.deepEqual([waits.body.version, waits.body.servedBy], [3, 2]);
  assert.deepEqual((await invoke('shaped')).body, ['two', '1.0']);
  const failed = await until(
    async () => {
      const { versions } = await (await ask('GET', '/functions/shaped/versions')).json();
      return /could not be installed/.test(versions[0].note) ? versions : null;
    },
    (last) => `the version never failed: ${JSON.stringify(last)}`,
    120_000,
  );
  assert.match(failed[0].note, /so version 2 takes the calls: .*pilot-shapes>=9/s);
  assert.deepEqual(
    failed.map(({ active, takesCalls }: Record<string, boolean>) => [active, takesCalls]),
    [
      [true, false],
      [false, true],
      [false, false],
    ],
  );
  assert.deepEqual((await invoke('shaped')).body, ['two', '1.0']);
  await deploy('shaped', handler('four'), await asking('pilot-shapes==1.1'));
  const statuses = new Set<number>();
  await until(
    async () => {
      const { status, body } = await invoke('shaped');
      statuses.add(status);
      return body[0] === 'four';
    },
    'the version that has its packages takes no calls',
    120_000,
  );
  assert.deepEqual([...statuses], [200]);

  await deploy('unshaped', handler('three'), await asking('pilot-shapes>=9'));
  const none = await invoke('unshaped');
  assert.deepEqual([none.status, none.body.code], [500, 'function/packages-missing'], none.body.detail);
  assert.match(none.body.detail, /No matching distribution found for pilot-shapes>=9/);
});

test('a call that nobody waits for is done though the backend dies, and a key is called once', async () => {
  const text =
    'import time\ndef handle(event, context):\n    time.sleep(event)\n    return context.call_id\n';
  await deploy('later', text, { settings: { concurrency: 20 } });
  const post = async (event: unknown, key?: string) => {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const reply = await ask('POST', '/functions/later/invoke?async=1', JSON.stringify(event), headers);
    assert.equal(reply.status, 202);
    return (await reply.json()).call as string;
  };
  const calls = await Promise.all(Array.from({ length: 10 }, () => post(1)));
  assert.equal(await post(1, 'one'), await post(1, 'one'));
  const answered = await ask('POST', '/functions/later/invoke', '0');
  await farm.backend.end('SIGKILL');
  await farm.backend.start();
  const recorded = await ask('GET', `/functions/later/calls/${answered.headers.get('pilot-call')}`);
  assert.deepEqual([recorded.status, (await recorded.json()).state], [200, 'done']);
  for (const call of calls) {
    const found = await until(
      async () => {
        const reply = await (await ask('GET', `/functions/later/calls/${call}`)).json();
        return reply.state === 'done' ? reply : null;
      },
      () => `${call} was never done`,
      30_000,
    );
    assert.equal(found.answer, call);
  }
  const keyed = () => ask('POST', '/functions/later/invoke', '0', { 'idempotency-key': 'two' });
  const first = await keyed();
  const again = await keyed();
  assert.deepEqual([first.status, again.headers.get('idempotency-replayed')], [200, 'true']);
  assert.equal(await first.text(), await again.text());
});

test('a call that its worker is lost with is told so, and is done again only where that was asked for', async () => {
  const text =
    'import time\ndef handle(event, context):\n    time.sleep(event)\n    return context.attempt\n';
  await deploy('slowly', text, { settings: { max: 1, concurrency: 4 } });
  assert.equal((await invoke('slowly', 0)).body, 1);
  const lost = ask('POST', '/functions/slowly/invoke', '3', { 'idempotency-key': 'slow' });
  const posted = await (await ask('POST', '/functions/slowly/invoke?async=1', '3')).json();
  const lease = await farm.db
    .selectFrom('leases')
    .innerJoin('workers', 'workers.id', 'leases.worker_id')
    .select('workers.name')
    .where('leases.ended_at', 'is', null)
    .orderBy('leases.granted_at', 'desc')
    .executeTakeFirstOrThrow();
  const worker = farm.workers.find(({ name }) => name === lease.name);
  assert.ok(worker !== undefined, `no worker ${lease.name}`);
  await worker.end('SIGKILL');
  const told = await lost;
  assert.deepEqual([told.status, (await told.json()).code], [502, 'function/worker-lost']);
  await worker.start();
  const again = await ask('POST', '/functions/slowly/invoke', '3', { 'idempotency-key': 'slow' });
  assert.deepEqual([again.status, await again.json()], [200, 2]);
  const done = await until(
    async () => {
      const call = await (await ask('GET', `/functions/slowly/calls/${posted.call}`)).json();
      return call.state === 'done' ? call : null;
    },
    'it was never done',
    30_000,
  );
  assert.deepEqual([done.answer, done.attempts], [2, 2]);
  // Instances outlast the balancer.
  await farm.balancer.end('SIGKILL');
  await farm.balancer.start();
  await until(
    async () => (await invoke('slowly', 0)).status === 200 || null,
    'it is never called again',
    30_000,
  );
});

test('the version before answers again, others call it by a token of its own, and it is gone when it is deleted', async () => {
  for (const version of [1, 2]) await deploy('turns', `def handle(event, context):\n    return ${version}\n`);
  assert.equal((await invoke('turns')).body, 2);
  const back = await ask('POST', '/functions/turns/rollback', '{}');
  assert.deepEqual([back.status, (await back.json()).version], [200, 1]);
  assert.equal((await invoke('turns')).body, 1);
  const none = await ask('POST', '/functions/turns/rollback', '{}');
  assert.match(
    (await none.json()).detail,
    /at version 1, and there is no version before that\. There are 2, 1/,
  );

  const { path, token } = await (await ask('POST', '/functions/turns/public')).json();
  const open = (bearer: string) =>
    fetch(`${farm.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } });
  assert.equal(await (await open(token)).text(), '1');
  assert.equal((await open(`${token}x`)).status, 401);
  const stored = await farm.db.selectFrom('functions').select('public_token_hash').execute();
  assert.ok(!JSON.stringify(stored).includes(token));

  const { calls } = await (await ask('GET', '/functions/turns/calls')).json();
  assert.deepEqual(
    calls.map((call: { state: string; version: number }) => [call.state, call.version]),
    [
      ['done', 1],
      ['done', 1],
      ['done', 2],
    ],
  );
  // All calls of the team so far: its limit is one more than those.
  const { teams } = await (await ask('GET', '/limits')).json();
  const [team] = teams;
  const limit = (callsPerDay: number | null) =>
    ask('PATCH', `/teams/${team.id}/limits`, JSON.stringify({ callsPerDay }));
  assert.equal((await limit(team.used.callsPerDay.used + 1)).status, 200);
  await until(
    async () => (await (await ask('GET', '/limits')).json()).teams[0].used.callsPerDay.left === 1 || null,
    'the limit was never set',
  );
  const refused = await until(
    async () => {
      const reply = await open(token);
      return reply.status === 200 ? null : reply;
    },
    'no call was refused',
    10_000,
  );
  assert.equal(refused.status, 429);
  const seconds = Number(refused.headers.get('retry-after'));
  assert.ok(seconds > 0 && seconds <= 86_400, String(seconds));
  assert.match(
    (await refused.json()).detail,
    /calls of functions today, of [\d,]+ that may be\. The next day/,
  );
  await limit(null);
  await until(async () => (await open(token)).status === 200 || null, 'calls are refused still', 10_000);

  assert.equal((await ask('DELETE', '/functions/turns')).status, 204);
  assert.equal((await invoke('turns')).status, 404);
  assert.equal((await open(token)).status, 401);
});
