import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readCodeFolder, scriptIn } from './code-folder.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pilot-code-'));
});
after(() => rm(root, { recursive: true, force: true }));

async function folderOf(name: string, files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, name, path, '..'), { recursive: true });
    await writeFile(join(root, name, path), text);
  }
  return join(root, name);
}

test('the files of a folder of code, without what is hidden, made by Python, or sent as data', async () => {
  const folder = await folderOf('plain', {
    'train.py': 'import pilot',
    'nets/cnn.py': '',
    'vocab.json': '{}',
    'data.npz': 'x',
    'out/old/model.npz': 'x',
    '.git/config': 'x',
    '.env': 'SECRET=1',
    '__pycache__/train.pyc': 'x',
  });
  const others = [join(folder, 'data.npz'), join(folder, 'out')];
  const found = await readCodeFolder(folder, join(folder, 'train.py'), others);
  assert.deepEqual(found, { folder, files: ['nets/cnn.py', 'train.py', 'vocab.json'], entry: 'train.py' });
  assert.equal(await scriptIn(folder, 'train.py'), join(folder, 'train.py'));
  assert.equal(await scriptIn(folder, join(folder, 'nets/cnn.py')), join(folder, 'nets/cnn.py'));
});

test('a link out of the folder, a script outside, and too much are refused in a sentence', async () => {
  const folder = await folderOf('linked', { 'train.py': 'import pilot' });
  await symlink('/etc/passwd', join(folder, 'words.txt'));
  const script = join(folder, 'train.py');
  await assert.rejects(
    readCodeFolder(folder, script, []),
    /words\.txt is a link or a device, and is not sent/,
  );
  const other = await folderOf('other', { 'train.py': 'import pilot' });
  await assert.rejects(readCodeFolder(other, script, []), /does not lie in/);
  await assert.rejects(
    readCodeFolder(join(root, 'none'), script, []),
    /^Error: There is no folder|There is no folder/,
  );
  await writeFile(join(other, 'large.bin'), Buffer.alloc(33 * 1024 ** 2));
  await assert.rejects(
    readCodeFolder(other, join(other, 'train.py'), []),
    /holds 34 MB, and 32 MB of code are the most\. The largest file is large\.bin\./,
  );
});
