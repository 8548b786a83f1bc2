import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { startTestBackend, temporaryFolder } from '../app.fixture.ts';

test('the built site is served: hashed files for ever, and its page for every address of its own', async (t) => {
  const folder = await temporaryFolder();
  const siteFolder = join(folder.path, 'site');
  const { url, stop } = await startTestBackend({ dataFolder: folder.path, siteFolder });
  t.after(async () => {
    await stop();
    await folder.remove();
  });
  const get = async (path: string) => {
    const response = await fetch(url + path);
    const { status, headers } = response;
    return {
      status,
      type: headers.get('content-type'),
      cache: headers.get('cache-control'),
      text: await response.text(),
    };
  };
  const unbuilt = await get('/');
  assert.match(Problem.parse(JSON.parse(unbuilt.text)).detail, /not built yet/);

  await mkdir(join(siteFolder, 'assets'), { recursive: true });
  await writeFile(join(siteFolder, 'index.html'), '<p>site</p>');
  await writeFile(join(siteFolder, 'assets', 'index-4f3a.js'), 'run()');
  await writeFile(join(folder.path, 'secret.txt'), 'secret');
  for (const path of ['/', '/jobs/job_0123456789', '/index.html']) {
    const page = await get(path);
    assert.deepEqual([page.status, page.text, page.cache], [200, '<p>site</p>', 'no-cache'], path);
    assert.match(page.type ?? '', /^text\/html/);
  }
  const long = 'run();'.repeat(1_000);
  await writeFile(join(siteFolder, 'assets', 'long-4f3b.js'), long);
  const packed = await fetch(`${url}/assets/long-4f3b.js`, { headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([packed.headers.get('content-encoding'), await packed.text()], ['gzip', long]);
  const script = await get('/assets/index-4f3a.js');
  assert.deepEqual([script.text, script.cache], ['run()', 'public, max-age=31536000, immutable']);
  for (const path of ['/assets/gone.js', '/%2e%2e/secret.txt', '/..%2fsecret.txt']) {
    const missing = await get(path);
    assert.deepEqual(
      [missing.status, Problem.parse(JSON.parse(missing.text)).code],
      [404, 'not-found'],
      path,
    );
  }
});
