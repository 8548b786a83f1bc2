import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { type Farm, startFarm } from '../support/farm.ts';
import { blocksOf, createFollower, type Follower, root } from '../support/page-to-follow.ts';

const docs = join(root, 'docs');
const pages = ['training.md', ...(await readdir(join(docs, 'training'))).map((name) => `training/${name}`)];

/**
 * Follows the pages as a reader would, each in a folder of its own: writes the files, runs the commands (`sh`) against
 * one farm, and lets Python read the lines that are no whole file. What needs a farm of weeks is a `console`.
 */
describe('the pages on training can be followed', () => {
  let farm: Farm;
  let follower: Follower;
  before(async () => {
    follower = await createFollower();
    farm = await startFarm({ workers: 0 });
    for (const number of [1, 2])
      await farm.addWorker({ PILOT_LEND_DATA: `wards=${await lentWards(follower.folder, number)}` });
  });
  after(async () => {
    await farm?.stop();
    await follower?.remove();
  });

  for (const name of pages) {
    test(name, async () => {
      const at = join(follower.folder, name.replace('/', '-'));
      await mkdir(at);
      await cp(join(root, 'examples'), join(at, 'examples'), { recursive: true });
      await symlink(join(root, 'worker'), join(at, 'worker'));
      const env = {
        PILOT_SERVER: farm.url,
        PYTHONPATH: join(root, 'worker/src/kinds/training/python'),
        PYTHONDONTWRITEBYTECODE: '1',
      };
      for (const block of blocksOf(await readFile(join(docs, name), 'utf8'))) {
        const { language, text, line, file } = block;
        const where = `docs/${name}, line ${line}`;
        if (file !== undefined) {
          await follower.write(block, at);
        } else if (language === 'python') {
          const read = await execa('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
            input: text,
            reject: false,
          });
          assert.equal(read.exitCode, 0, `${where}: ${read.stderr}`);
        } else if (language === 'sh') {
          const ran = await follower.run(text, env, at);
          assert.equal(ran.exitCode, 0, `${where}:\n${text}\n${ran.stdout}\n${ran.stderr}`);
        } else assert.ok(['console', 'json', 'text'].includes(language), `${where}: what is "${language}"?`);
      }
    });
  }
});

/** What the page on federated training has two workers lend. */
async function lentWards(root: string, number: number): Promise<string> {
  const folder = join(root, `wards-${number}`);
  await mkdir(folder, { mode: 0o755 });
  const rows =
    'import sys, numpy as np; X = np.random.default_rng(1).normal(size=(60, 3)); np.savez(sys.argv[1], X=X, y=X[:, 0] > 0)';
  await execa('python3', ['-c', rows, join(folder, 'rows.npz')]);
  return folder;
}
