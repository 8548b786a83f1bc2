import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FunctionSummary } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';

let farm: Farm;
before(async () => {
  farm = await startFarm({ workers: 2 });
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
      'def handle(e, c):\n    return "x" * 300000\n',
      {},
      1,
      500,
      /300002 characters as JSON, and 262144 are/,
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
  const large = await ask('POST', '/functions/raises/invoke', JSON.stringify('x'.repeat(262_144)));
  assert.match((await large.json()).detail, /The event has 262146 characters, and 262144 are the most/);
  assert.equal(large.status, 413);
  const torn = await ask('POST', '/functions/raises/invoke', '{"a": ');
  assert.match((await torn.json()).detail, /The event is not JSON/);
  assert.equal(torn.status, 400);
  const nobody = await invoke('nobody');
  assert.match(nobody.body.detail, /There is no function "nobody"/);
  const refused = async (given: Given) => (await deploy('x', '', given)).body.detail;
  assert.match(await refused({ more: { requirements: ['numpy'] } }), /requirement "numpy" was not taken/);
  assert.match(await refused({ more: { image: 'alpine' } }), /"alpine" was not taken/);
  assert.match(await refused({ handler: 'a.rb' }), /"a\.rb" is no handler/);
});
