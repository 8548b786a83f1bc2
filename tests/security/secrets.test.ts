import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { part } from '../support/farm.ts';
import { startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

for (const name of ['client-backend', 'load-balancer'] as const) {
  test(`a data folder that others could read is closed when the ${name} starts, and stays so`, async (t) => {
    // What a shell leaves to a process: readable to all.
    const before = process.umask(0o022);
    t.after(() => process.umask(before));
    const server = await startServer(name, {}, async (folder) => {
      await mkdir(join(folder, 'blobs'));
      await writeFile(join(folder, 'farm.sqlite'), '');
      for (const path of ['', 'blobs', 'secrets']) await chmod(join(folder, path), 0o755);
      await chmod(join(folder, 'farm.sqlite'), 0o644);
    });
    t.after(() => server.stop());
    const inside = (path: string) => join(server.folder, path);
    assert.equal(await modeOf(server.folder), '700');
    assert.deepEqual([await modeOf(inside('blobs')), await modeOf(inside('secrets'))], ['700', '700']);
    for (const file of ['farm.sqlite', 'farm.sqlite-wal', 'farm.sqlite-shm']) {
      assert.equal(await modeOf(inside(file)), '600', file);
    }
    for (const file of await readdir(inside('secrets'))) {
      assert.equal(await modeOf(inside(`secrets/${file}`)), '600', file);
    }
    const log = await server.log();
    assert.match(
      log,
      /"event":"data-folder\.exposed".*could be reached by others on this machine \(mode 755\)/,
    );
    if (name === 'client-backend') {
      for (const path of await upload(server.url, server.ownerKey, server.folder)) {
        assert.equal(await modeOf(path), '600', path);
      }
    }
  });
}

test('the worker closes its folder too, and its token is in no list of processes', async (t) => {
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  const balancer = await startServer('load-balancer');
  t.after(() => balancer.stop());
  const token = (await readFile(join(balancer.folder, 'secrets', 'worker-token'), 'utf8')).trim();
  const folder = join(balancer.folder, 'worker');
  await mkdir(folder);
  await chmod(folder, 0o755);
  const file = join(balancer.folder, 'token');
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  const worker = pilot(t, ['worker', '--join', balancer.url, '--token-file', file, '--worker-data', folder]);
  await until(
    async () => (await balancer.log()).includes('worker.joined'),
    () => worker.said(),
    60_000,
  );
  assert.equal(await modeOf(folder), '700');
  for (const name of await readdir(folder)) {
    const mode = await modeOf(join(folder, name));
    assert.ok(mode === '700' || mode === '600', `${name} has mode ${mode}`);
  }
  for (const process of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${process}/cmdline`, 'utf8').catch(() => '');
    assert.ok(!line.includes(token), line.replaceAll('\0', ' '));
  }
  assert.ok(!worker.said().includes(token) && !(await balancer.log()).includes(token));
});

test('a token or a key among the arguments is not taken, and the sentence says what is', async (t) => {
  const worker = pilot(t, ['worker', '--join', 'http://127.0.0.1:9', '--token', 'a-secret-token']);
  await worker.ended;
  assert.equal(worker.child.exitCode, 1);
  assert.match(worker.said(), /^--token is not taken: .* read by every user .* --token-file, .* PILOT_TOKEN/);
  assert.doesNotMatch(worker.said(), /a-secret-token/);
  for (const command of [['jobs'], ['train', 'a.py', '--data', 'b.npz']]) {
    const other = pilot(t, [...command, '--server', 'http://127.0.0.1:9', '--key', 'a-secret-key']);
    await other.ended;
    assert.equal(other.child.exitCode, 1);
    assert.match(other.said(), /^--key is not taken: .* --key-file, .* PILOT_KEY/);
  }
});

test('a worker without a token in its environment says how to give one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-worker-'));
  t.after(() => rm(folder, { recursive: true }));
  const worker = part('worker', 'worker/src/main.ts', folder, { PILOT_JOIN: 'http://127.0.0.1:9' });
  await assert.rejects(
    worker.start(),
    /has no token, and has not joined this farm before\. .* PILOT_TOKEN, or into a file/,
  );
});

function pilot(t: TestContext, args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await ended;
  });
  return { child, ended, said: () => said };
}

/** Uploads a file. Gives the paths of all that lies in the folders of uploads and blobs then. */
async function upload(url: string, key: string, folder: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${key}`, 'tus-resumable': '1.0.0', 'upload-length': '5' };
  for (const body of [null, 'bytes']) {
    const reply = await fetch(`${url}/api/v1/uploads`, {
      method: 'POST',
      headers: body === null ? headers : { ...headers, 'content-type': 'application/offset+octet-stream' },
      body,
    });
    assert.equal(reply.status, 201, await reply.text());
  }
  const paths: string[] = [];
  for (const name of ['blobs', 'uploads']) {
    for (const entry of await readdir(join(folder, name), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) paths.push(join(entry.parentPath, entry.name));
    }
  }
  assert.ok(paths.some((path) => path.includes('/blobs/')) && paths.length > 3, paths.join());
  return paths;
}
