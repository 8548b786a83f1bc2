import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readCliConfig } from '../config.ts';
import { workerToken } from './worker-token.ts';

test('the token comes from the file, else from PILOT_TOKEN, and a file without one gets a sentence', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-token-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  await writeFile(file, 'from-the-file\n');
  const context = { config: readCliConfig({ PILOT_TOKEN: 'from-the-environment' }), stderr: process.stderr };
  assert.equal(await workerToken(context, file), 'from-the-file');
  assert.equal(await workerToken(context, undefined), 'from-the-environment');
  await assert.rejects(
    workerToken(context, join(folder, 'none')),
    /--token-file .*none cannot be read: there is no/,
  );
  for (const text of ['', 'two words', 'two\nlines']) {
    await writeFile(file, text);
    await assert.rejects(workerToken(context, file), /expected a file with one line/);
  }
});

test('at a terminal it is asked for, and what is typed is not shown', async () => {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const ask = (typed: string) => {
    const [stdin, stderr] = [terminal(), terminal()];
    const context = { config: readCliConfig({}), stderr: stderr as unknown as NodeJS.WriteStream };
    const token = workerToken(context, undefined, stdin as unknown as NodeJS.ReadStream);
    stdin.write(typed);
    return { token, shown: () => String(stderr.read() ?? '') };
  };
  const { token, shown } = ask('secret-token\n');
  assert.equal(await token, 'secret-token');
  const text = shown();
  assert.match(text, /Token of the farm/);
  assert.ok(!text.includes('secret-token'), text);
  await assert.rejects(ask('\n').token, /No token was given/);
  await assert.rejects(ask('\u0003').token, /No token was given/);
});

test('where nobody can be asked, it says how else to give it', async () => {
  const context = { config: readCliConfig({}), stderr: process.stderr };
  const nobody = new PassThrough() as unknown as NodeJS.ReadStream;
  await assert.rejects(workerToken(context, undefined, nobody), /--token-file, in the variable PILOT_TOKEN/);
});
