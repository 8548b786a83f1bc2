import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { EnvironmentResult } from '@parallel-pilot/shared/packages/packages.ts';
import { readPackageIndex } from '../../packages/package-index.ts';
import type { RunOutcome } from '../kind.ts';
import { createRig, PYTHON } from './fixtures/rig.ts';

const MAKER = join(import.meta.dirname, '../../packages/wheels_fixture.py');

let rig: Awaited<ReturnType<typeof createRig>>;
let house: string;
const asked: string[] = [];
/** Serves the index, and a further host that nobody allowed. */
const server = createServer(async (request, answer) => {
  asked.push(`${request.headers.host} ${request.url}`);
  const path = (request.url ?? '').endsWith('/') ? `${request.url}index.html` : (request.url ?? '');
  if (path.includes('pilot-away')) return void answer.writeHead(503).end();
  const bytes = await readFile(join(house, path)).catch(() => null);
  answer.writeHead(bytes === null ? 404 : 200, {
    'content-type': path.endsWith('.html') ? 'text/html' : 'application/octet-stream',
  });
  answer.end(bytes ?? '');
});
let address: string;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
  const read = readPackageIndex(address);
  assert.ok(read.ok);
  rig = await createRig(await detectSandbox(), 1, PYTHON, read.index);
  house = await rig.folder();
  await promisify(execFile)(PYTHON, [MAKER, house]);
});
after(async () => {
  await rig.close();
  server.close();
  server.closeAllConnections();
});

const made = (outcome: RunOutcome) => {
  assert.ok(outcome.ok, outcome.ok ? '' : `${outcome.code}: ${outcome.message}\n${outcome.log}`);
  const file = outcome.files.find(({ name }) => name === 'environment');
  assert.ok(file);
  return { result: EnvironmentResult.parse(outcome.result), path: file.path };
};
const install = (lines: string[], wheels: boolean) =>
  rig.install(lines, wheels ? join(house, 'wheels.zip') : null);

const SCRIPT = `import pilot_layers, pilot_shapes
print("it has", pilot_layers.VERSION, pilot_shapes.VERSION, pilot_shapes.__file__)
import numpy, pilot
w = pilot.weights({"w": numpy.zeros(2)})
pilot.finish(w, metrics={}, samples=1)
`;

test('wheels that are sent along are installed with what they need, and a script finds them', async () => {
  asked.length = 0;
  const { result, path } = made((await install(['pilot-layers'], true)).outcome);
  assert.deepEqual(result.packages.map(({ name, version }) => `${name} ${version}`).sort(), [
    'pilot-layers 2.0',
    'pilot-shapes 1.1',
  ]);
  assert.deepEqual(result.modules, ['pilot_layers', 'pilot_shapes']);
  assert.ok(result.fromWorker.includes('numpy'), 'it takes the numpy of the worker');
  assert.match(result.python, /^3\.\d+-linux/);
  assert.deepEqual(asked, [], 'nothing is fetched where wheels were sent');
  const again = made((await install(['pilot-layers'], true)).outcome);
  assert.deepEqual(await readFile(again.path), await readFile(path), 'the same packages make the same bytes');

  const { outcome } = await rig.initializeWith(SCRIPT, path);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message + outcome.log);
  assert.match(outcome.log, /it has 2\.0 1\.1 .*environments\/[0-9a-f]{64}\/pilot_shapes/);
});

test('packages come from the index that the owner of the worker allows', async () => {
  asked.length = 0;
  const { result } = made((await install(['pilot-shapes==1.0'], false)).outcome);
  assert.deepEqual(result.packages, [{ name: 'pilot-shapes', version: '1.0' }]);
  assert.ok(asked.some((one) => one.endsWith('/pilot_shapes-1.0-py3-none-any.whl')));
});

test('no other host is reached, and who asked for one is told', async () => {
  await writeFile(
    join(house, 'simple/pilot-layers/index.html'),
    `<a href="${address.replace('127.0.0.1', 'localhost')}/../pilot_layers-2.0-py3-none-any.whl">pilot_layers-2.0-py3-none-any.whl</a>`,
  );
  asked.length = 0;
  const { outcome } = await install(['pilot-layers'], false);
  assert.ok(!outcome.ok);
  assert.equal(outcome.code, 'packages-missing');
  assert.match(
    outcome.message,
    /looked for at localhost:\d+, too, which is none of the hosts that the owner/,
  );
  assert.ok(!asked.some((one) => one.startsWith('localhost')));
});

test('a package that is not there is named, with what there is', async () => {
  const { outcome } = await install(['pilot-shapes>=9'], true);
  assert.ok(!outcome.ok);
  assert.equal(outcome.code, 'packages-missing');
  assert.match(outcome.message, /No matching distribution found for pilot-shapes>=9/);
});

test('packages of an index that is out of order are not said to be missing', async () => {
  const { outcome } = await install(['pilot-away'], false);
  assert.ok(!outcome.ok);
  assert.equal(outcome.code, 'out-of-reach');
  assert.match(outcome.message, /127\.0\.0\.1:\d+ could not be reached from this worker/);
});

test('a file of wheels that is none is told', async () => {
  const junk = join(await rig.folder(), 'junk.zip');
  await writeFile(junk, 'no archive');
  const { outcome } = await rig.install(['pilot-shapes'], junk);
  assert.ok(!outcome.ok);
  assert.match(outcome.message, /file of wheels is no \.zip that can be read/);
});

test('a setting that is no index is told', () => {
  const problem = (text: string): string => {
    const read = readPackageIndex(text);
    return read.ok ? '' : read.message;
  };
  assert.match(problem('pypi'), /PILOT_PACKAGE_INDEX: "pypi" is no address/);
  assert.match(problem('https://me:secret@pypi.example/simple'), /a password would be shown/);
  assert.doesNotMatch(problem('https://me:secret@pypi.example/simple'), /secret@/);
  const read = readPackageIndex('https://pypi.org/simple, files.example.org');
  assert.deepEqual(read.ok && read.index?.hosts, [
    'pypi.org:443',
    'files.pythonhosted.org:443',
    'files.example.org:443',
  ]);
});
