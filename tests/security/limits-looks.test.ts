import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { startPython } from '../../sandbox/test-fixtures/confined.ts';
import { asAnotherUser } from '../support/another-user.ts';

// Whoever looks after a child's limits reads what the child makes for it to read.

const folder = await mkdtemp(join(tmpdir(), 'pilot-looks-'));
after(() => rm(folder, { recursive: true, force: true }));
const sandbox = await detectSandbox();

const ATTEMPTS: Record<string, string> = {
  'files open in many processes': `
import os, time
file = os.open('/dev/null', 0)
for i in range(20):
    if os.fork() == 0: break
try:
    while True: os.dup(file)
except OSError: time.sleep(1000)`,
  'mappings of a file with a path of 4 kB': `
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
for i in range(14): os.mkdir('d' * 250); os.chdir('d' * 250)
file = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(file, b'x' * 8192)
os.unlink('f')
for i in range(4):
    if os.fork() == 0: break
for i in range(60_000): libc.mmap(None, ctypes.c_size_t(4096), 1, 2, file, i % 2 * 4096)
time.sleep(1000)`,
};

for (const [name, code] of Object.entries(ATTEMPTS)) {
  test(`${name} cost whoever counts them neither its memory nor its time`, {
    skip: sandbox.level === 'none' ? sandbox.reason : false,
  }, async () => {
    const before = process.memoryUsage().rss;
    let most = before;
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    const { child, said, workspace } = startPython(sandbox, folder, code);
    const exit = await child.exited;
    clearInterval(look);
    assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, 'disk', said.join('\n'));
    assert.match(exit.kind === 'limit' ? exit.message : '', /than can be counted/);
    assert.ok(most - before < 200_000_000, `${Math.round((most - before) / 1e6)} MB more`);
    await workspace.remove();
  });
}

asAnotherUser([fileURLToPath(import.meta.url)], 'files open in many processes');
