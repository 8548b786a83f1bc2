import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Farm, startFarm } from '../support/farm.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const docs = join(root, 'docs');
const pages = ['training.md', ...(await readdir(join(docs, 'training'))).map((name) => `training/${name}`)];

type Block = { language: string; text: string; line: number };

function blocksOf(page: string): Block[] {
  const lines = page.split('\n');
  const fences = lines.flatMap((line, at) => (line.startsWith('```') ? [at] : []));
  return Array.from({ length: fences.length / 2 }, (_, index) => {
    const [from = 0, to = 0] = fences.slice(2 * index, 2 * index + 2);
    return {
      language: (lines[from] ?? '').slice(3),
      text: lines.slice(from + 1, to).join('\n'),
      line: from + 1,
    };
  });
}

/** A block that is a file begins with its name in a comment. */
const FILE = /^# ([\w./-]+\.(?:py|json|toml|txt))\n/;

/**
 * Follows the pages as a reader would, each in a folder of its own: writes the files, runs the commands (`sh`) against
 * one farm, and lets Python read the lines that are no whole file. What needs a farm of weeks is a `console`.
 */
describe('the pages on training can be followed', () => {
  let farm: Farm;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-docs-'));
    farm = await startFarm({ workers: 2 });
    await mkdir(join(folder, 'bin'));
    // `npx pilot`, without npx.
    const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'cli/src/main.ts')}" "$@"\n`;
    await writeFile(join(folder, 'bin', 'npx'), npx, { mode: 0o755 });
    await symlink(process.env.PILOT_PYTHON ?? '/usr/bin/python3', join(folder, 'bin', 'python3'));
  });
  after(async () => {
    await farm?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const name of pages) {
    test(name, async () => {
      const at = join(folder, name.replace('/', '-'));
      await mkdir(at);
      await cp(join(root, 'examples'), join(at, 'examples'), { recursive: true });
      await symlink(join(root, 'worker'), join(at, 'worker'));
      const env = {
        PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
        PILOT_SERVER: farm.url,
        PYTHONPATH: join(root, 'worker/src/kinds/training/python'),
        PYTHONDONTWRITEBYTECODE: '1',
      };
      for (const { language, text, line } of blocksOf(await readFile(join(docs, name), 'utf8'))) {
        const where = `docs/${name}, line ${line}`;
        const file = FILE.exec(text)?.[1];
        if (file !== undefined) {
          await mkdir(dirname(join(at, file)), { recursive: true });
          // JSON has no comments.
          await writeFile(join(at, file), language === 'json' ? text.replace(FILE, '') : text);
        } else if (language === 'python') {
          const read = await execa('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
            input: text,
            reject: false,
          });
          assert.equal(read.exitCode, 0, `${where}: ${read.stderr}`);
        } else if (language === 'sh') {
          const ran = await execa('sh', ['-e', '-c', text], { cwd: at, env, reject: false });
          assert.equal(ran.exitCode, 0, `${where}:\n${text}\n${ran.stdout}\n${ran.stderr}`);
        } else assert.ok(['console', 'json', 'text'].includes(language), `${where}: what is "${language}"?`);
      }
    });
  }
});
