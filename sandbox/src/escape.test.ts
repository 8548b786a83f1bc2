import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { startPython } from '../test-fixtures/confined.ts';
import { DEAF, FILLS, FORKS, OUTLIVES, READS, WRITES } from '../test-fixtures/escapes.ts';
import { gone } from '../test-fixtures/gone.ts';
import { levels } from '../test-fixtures/levels.ts';
import { createWorkspace } from './box/workspace.ts';
import { treeOf } from './limits/process-tree.ts';
import type { Sandbox } from './sandbox.ts';

// Each attempt is made without a sandbox too, where that harms nothing: it shows that the attempt could succeed.
const sandboxes = await levels();
const folder = await mkdtemp(join(tmpdir(), 'pilot-escape-'));
after(() => rm(folder, { recursive: true, force: true }));
const sandboxed = ({ level }: Sandbox): boolean => level === 'bubblewrap';

for (const sandbox of sandboxes) {
  const attempt = (name: string, run: () => Promise<void>): void =>
    void test(`${name} (sandbox: ${sandbox.level})`, run);
  /** What a program printed, once it has ended by itself. */
  const output = async (code: string, args: readonly string[] = []): Promise<string[]> => {
    const { child, said, workspace } = startPython(sandbox, folder, code, args);
    assert.deepEqual(await child.exited, { kind: 'exited', code: 0 }, said.join('\n'));
    await workspace.remove();
    return said;
  };

  attempt('files of the host, of the worker and of another job', async () => {
    const token = join(folder, 'identity.json');
    await writeFile(token, 'the token');
    const other = createWorkspace(sandbox, folder);
    await writeFile(join(other.folders.in, 'scene.blend'), 'of another job');
    const secrets = [token, join(other.folders.in, 'scene.blend')];
    const hosts = [
      '/etc/shadow',
      '/etc/passwd',
      '/root',
      '/home',
      '/var',
      '/proc/1/root/home',
      '/proc/1/root/etc/shadow',
    ];
    const { pid } = process;
    const said = await output(READS, [
      ...secrets,
      ...hosts,
      `/proc/${pid}/environ`,
      `/proc/${pid}/root/etc/passwd`,
    ]);
    if (sandboxed(sandbox)) assert.deepEqual(said, []);
    else assert.deepEqual(said.slice(0, 2), secrets);
    await other.remove();
  });

  attempt("the token in another process's environment", async () => {
    const holder = execa('sleep', ['1000'], { env: { PILOT_TOKEN: 'sesame' }, reject: false });
    const said = await output(
      `
import glob
for path in glob.glob('/proc/[0-9]*/environ'):
    try:
        if b'PILOT_TOKEN=sesame' in open(path, 'rb').read(): print('found')
    except OSError: pass`,
    );
    holder.kill();
    await holder;
    assert.deepEqual(said, sandboxed(sandbox) ? [] : ['found']);
  });

  attempt('a server on this machine, and the world', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const said = await output(
      `
import socket, sys
def go(name, host, port):
    try:
        socket.create_connection((host, port), 3).close()
        print('reached', name)
    except OSError as error: print(name, error.errno)
go('here', '127.0.0.1', int(sys.argv[1]))
if sys.argv[2] == 'bubblewrap': go('world', '192.0.2.1', 80)`,
      [String(port), sandbox.level],
    );
    server.close();
    // ECONNREFUSED, since its loopback is its own; ENETUNREACH.
    assert.deepEqual(said, sandboxed(sandbox) ? ['here 111', 'world 101'] : ['reached here']);
  });

  attempt('a file beyond its limit', async () => {
    const { child, said, workspace } = startPython(
      sandbox,
      folder,
      "open('big', 'wb').write(b'x' * 3_000_000)",
      [],
      { fileBytes: 1_000_000 },
    );
    await child.exited;
    const [name] = await readdir(workspace.folders.work);
    assert.equal(name, 'big');
    const taken = await workspace.take('big', join(folder, 'taken'), 1_000_000);
    assert.equal(taken.ok, sandboxed(sandbox), said.join('\n'));
    await workspace.remove();
  });

  for (const [how, code] of Object.entries(FILLS)) {
    attempt(`a disk filled by ${how}`, async () => {
      const { child, said, workspace } = startPython(sandbox, folder, code, [], { diskBytes: 5_000_000 });
      const exit = await child.exited;
      assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, 'disk', said.join('\n'));
      await workspace.remove();
      assert.equal(existsSync(workspace.folders.work), false);
    });
  }

  attempt('memory beyond its limit, shared out among processes', async () => {
    const { child, said, workspace } = startPython(
      sandbox,
      folder,
      `
import os, time
for i in range(4):
    if os.fork() == 0: break
held = b'x' * 100_000_000
time.sleep(1000)`,
      [],
      { memoryBytes: 300_000_000 },
    );
    const exit = await child.exited;
    assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, 'memory', said.join('\n'));
    await workspace.remove();
  });

  attempt('processes that want to outlive the program that started them', async () => {
    const { child, spoke, workspace } = startPython(sandbox, folder, OUTLIVES);
    await spoke();
    const processes = await treeOf(child.pid ?? 0);
    child.write('end\n');
    // At level none they leave the process group, and nothing can be done: one more reason to run own jobs only.
    if (!sandboxed(sandbox)) for (const pid of processes) process.kill(pid, 'SIGKILL');
    await child.exited;
    assert.ok(processes.length >= (sandboxed(sandbox) ? 5 : 3), `${processes}`);
    for (const pid of processes) assert.equal(await gone(pid), true, `${pid} is alive`);
    await workspace.remove();
  });

  attempt('a program that runs for ever, deaf to SIGTERM', async () => {
    const { child, spoke, workspace } = startPython(sandbox, folder, DEAF, [], { wallMs: 700 });
    await spoke();
    const processes = await treeOf(child.pid ?? 0);
    const exit = await child.exited;
    assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, 'time');
    for (const pid of processes) assert.equal(await gone(pid), true, `${pid} is alive`);
    await workspace.remove();
  });
}

for (const sandbox of sandboxes.filter(sandboxed)) {
  test('forks without end stop at the limit, and all of them end', async () => {
    const { child, said, spoke, workspace } = startPython(sandbox, folder, FORKS, [], { processes: 30 });
    await spoke();
    const processes = await treeOf(child.pid ?? 0);
    assert.match(said[0] ?? '', /^stopped after \d+: Resource temporarily unavailable$/);
    assert.ok(processes.length <= 35, `${processes.length} processes`);
    await child.kill();
    for (const pid of processes) assert.equal(await gone(pid), true, `${pid} is alive`);
    await workspace.remove();
  });

  test('nothing but its own folders can be written, and no right can be won', async () => {
    const { child, said, workspace } = startPython(sandbox, folder, WRITES);
    await child.exited;
    assert.deepEqual(said, [
      '/job/work/x',
      '/tmp/x',
      '/dev/shm/x',
      'CapEff:\t0000000000000000',
      'NoNewPrivs:\t1',
    ]);
    await workspace.remove();
  });

  test('two workspaces are two users where the worker is root', () => {
    const [one, two] = [createWorkspace(sandbox, folder), createWorkspace(sandbox, folder)];
    if (process.getuid?.() === 0) assert.notEqual(one.uid, two.uid);
    else assert.deepEqual([one.uid, two.uid], [null, null]);
  });
}
