import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../tests/support/until.ts';

const launch = new URL('launch.mjs', import.meta.url).href;

test('a SIGTERM that ends the shell of npm reaches what it runs, and outside of npm the end of a shell does not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-launch-'));
  t.after(() => rm(folder, { recursive: true }));
  const program = join(folder, 'program.mjs');
  await writeFile(
    program,
    `import { appendFileSync } from 'node:fs';
     const [, , file] = process.argv;
     const tell = (word) => appendFileSync(file, word + ' ' + process.pid + '\\n');
     process.once('SIGTERM', () => { tell('told'); process.exit(0); });
     setInterval(() => {}, 1000);
     tell('started');`,
  );
  const starter = join(folder, 'starter.mjs');
  await writeFile(
    starter,
    `import { launch } from ${JSON.stringify(launch)}; await launch(process.argv.slice(2));`,
  );
  for (const npm of [true, false]) {
    const file = join(folder, `npm-${npm}`);
    const { npm_command: _, ...env } = process.env;
    // Two commands, so that the shell stays in between as it does under npm.
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${starter}" "${program}" "${file}"; true`], {
      env: npm ? { ...env, npm_command: 'exec' } : env,
      stdio: 'ignore',
    });
    const lines = async () => (await readFile(file, 'utf8')).trim().split('\n');
    const [started = ''] = await until(lines, 'the program never started');
    const pid = Number(started.split(' ')[1]);
    shell.kill('SIGTERM');
    await once(shell, 'exit');
    if (npm) {
      await until(async () => (await lines()).length === 2, 'the program was not told');
      continue;
    }
    await assert.rejects(until(async () => (await lines()).length === 2, 'nobody told it', 1_500));
    process.kill(pid, 'SIGTERM');
    await until(async () => (await lines()).length === 2, 'the program runs on');
  }
});
