import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../../../tests/support/server-process.ts';
import { temporaryFolder } from '../../app.fixture.ts';

const LIBRARIES = /\/node_modules\/(?:better-auth|@better-auth|@simplewebauthn|openid-client|nodemailer)\//;

test('a farm for this machine alone loads nothing of the accounts library', async (t) => {
  const folder = await temporaryFolder();
  t.after(folder.remove);
  const seen = join(folder.path, 'modules');
  const spy = join(folder.path, 'spy.mjs');
  await writeFile(seen, '');
  await writeFile(
    spy,
    `import { appendFileSync } from 'node:fs';
     import { registerHooks } from 'node:module';
     registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(seen)}, url + '\\n'); return next(url, context); } });`,
  );
  const loaded = async () => (await readFile(seen, 'utf8')).split('\n');

  const server = await startServer('client-backend', {
    PILOT_PUBLIC_URL: 'http://localhost:3000',
    NODE_OPTIONS: `--import=${spy}`,
  });
  t.after(server.stop);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  const modules = await loaded();
  assert.ok(modules.some((url) => url.endsWith('client-backend/src/main.ts')));
  assert.deepEqual(
    modules.filter((url) => LIBRARIES.test(url)),
    [],
  );

  // The spy would have seen it.
  const open = new URL('./accounts.ts', import.meta.url).href;
  await promisify(execFile)(process.execPath, [
    `--import=${spy}`,
    '-e',
    `await import(${JSON.stringify(open)})`,
  ]);
  assert.ok((await loaded()).some((url) => LIBRARIES.test(url)));
});
