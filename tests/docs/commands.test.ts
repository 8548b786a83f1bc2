import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Farm, startFarm } from '../support/farm.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BLOCK = /^```(\w*)\n(.*?)^```$/gms;
/** A block that is a file begins with its name in a comment. */
const FILE = /^# ([\w./-]+\.(?:py|csv))\n/;

let farm: Farm;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-docs-'));
  farm = await startFarm({ workers: 2 });
});
after(async () => {
  await farm?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('docs/commands.md can be followed, line by line', async () => {
  const page = await readFile(join(root, 'docs/commands.md'), 'utf8');
  await cp(join(root, 'examples/commands'), join(folder, 'examples/commands'), { recursive: true });
  // `npx pilot`, without npx.
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'cli/src/main.ts')}" "$@"\n`;
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 });
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, PILOT_SERVER: farm.url };
  const printed: string[] = [];
  for (const [, language = '', text = ''] of page.matchAll(BLOCK)) {
    const file = FILE.exec(text)?.[1];
    if (file !== undefined) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text.replace(FILE, ''));
      continue;
    }
    assert.equal(language, 'sh', `what is this?\n${text}`);
    const ran = await execa('sh', ['-e', '-c', text], { cwd: folder, env, reject: false });
    assert.equal(ran.exitCode, 0, `${text}\n${ran.stdout}\n${ran.stderr}`);
    printed.push(ran.stdout);
  }
  const said = printed.join('\n');
  for (const line of [
    /^pi over index$/m,
    /^run,index,inside,pi\n1,1,\d+,3\.\d+$/m,
    /^inside,pi\n\d+,3\.\d+$/m,
    /^seconds over height$/m,
    /^\d+ sims\/fall\.py$/m,
  ])
    assert.match(said, line);
});
