import assert from 'node:assert/strict';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { startPython } from '../../test-fixtures/confined.ts';
import { levels } from '../../test-fixtures/levels.ts';
import { createWorkspace } from './workspace.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-workspace-'));
after(() => rm(folder, { recursive: true, force: true }));

for (const sandbox of await levels()) {
  test(`inputs that only the worker may read are read by its child (sandbox: ${sandbox.level})`, async () => {
    const inputs = join(folder, `inputs ${sandbox.level}`);
    await mkdir(join(inputs, 'textures/wood'), { recursive: true, mode: 0o700 });
    await writeFile(join(inputs, 'textures/wood/oak.png'), 'oak', { mode: 0o600 });
    const print = 'import sys; print(sys.stdin.readline(), open(sys.argv[1]).read())';
    const name = 'textures/wood/oak.png';
    const inside = sandbox.level === 'none' ? '../in' : '/job/in';
    const { child, said, workspace } = startPython(sandbox, folder, print, [`${inside}/${name}`]);
    // Inputs come after the start: the child was warm before its job was known.
    await workspace.fill(inputs);
    await workspace.give(join(inputs, name), 'one more.png');
    assert.equal(await readFile(join(workspace.folders.in, 'one more.png'), 'utf8'), 'oak');
    child.write('\n');
    await child.exited;
    assert.match(said.join(''), /oak/);
    const [linked, source] = await Promise.all(
      [join(workspace.folders.in, name), join(inputs, name)].map((path) => stat(path)),
    );
    assert.equal(linked?.ino, source?.ino);
    await workspace.remove();
  });

  test(`only a plain file is taken (sandbox: ${sandbox.level})`, async () => {
    const workspace = createWorkspace(sandbox, folder);
    const { work } = workspace.folders;
    const target = join(folder, 'taken');
    const take = async (name: string, most = 100) => {
      const taken = await workspace.take(name, target, most);
      return taken.ok ? await readFile(target, 'utf8') : taken.reason;
    };
    await writeFile(join(folder, 'secret'), 'secret');
    await symlink(join(folder, 'secret'), join(work, 'link'));
    await mkdir(join(work, 'folder'));
    await execa('mkfifo', [join(work, 'pipe')]);
    await writeFile(join(work, 'plain'), 'frame');
    await writeFile(join(work, 'empty'), '');
    assert.equal(await take('plain'), 'frame');
    assert.equal(await take('empty'), '');
    assert.equal(await take('plain', 4), 'too-large');
    for (const name of ['link', 'folder', 'pipe']) assert.equal(await take(name), 'no-file', name);
    await writeFile(target, 'an earlier one');
    assert.equal(await take('nothing'), 'absent');
    await assert.rejects(readFile(target));
    await assert.rejects(take('../secret'), /not the name of a file/);
    const move = async (name: string) => {
      const moved = await workspace.move(name, target);
      return moved.ok ? await readFile(target, 'utf8') : moved.reason;
    };
    await link(join(folder, 'secret'), join(work, 'second name'));
    for (const name of ['link', 'folder', 'pipe', 'second name']) {
      assert.equal(await move(name), 'no-file', name);
      await assert.rejects(readFile(target), name);
    }
    const claim = async (name: string, most = 4 << 20) => {
      const claimed = await workspace.claim(name, target, most);
      if (!claimed.ok) return claimed.reason;
      return claimed.held?.toString() ?? `${(await readFile(target)).length} bytes at the target`;
    };
    for (const name of ['link', 'folder', 'pipe']) assert.equal(await claim(name), 'no-file', name);
    assert.equal(await claim('plain'), 'frame');
    await writeFile(join(work, 'large'), Buffer.alloc(3 << 20));
    assert.equal(await claim('large', 2 << 20), 'too-large');
    assert.equal(await claim('large'), `${3 << 20} bytes at the target`);
    assert.equal(await claim('large'), 'absent');
    assert.equal(await move('nothing'), 'absent');
    assert.equal(await move('plain'), 'frame');
    assert.deepEqual((await readdir(work)).includes('plain'), false);
    await workspace.remove();
    assert.equal(await readFile(join(folder, 'secret'), 'utf8'), 'secret');
  });
}

test('a folder that its owner closed goes too', async () => {
  const parent = join(folder, 'closed');
  const workspace = createWorkspace({ level: 'none', reason: 'none wanted' }, parent);
  await mkdir(join(workspace.folders.work, 'a/b'), { recursive: true });
  await chmod(join(workspace.folders.work, 'a'), 0);
  await workspace.remove();
  assert.deepEqual(await readdir(parent), []);
});
