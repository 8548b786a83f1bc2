import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const HANGS = `
import { takeInterrupts } from ${JSON.stringify(new URL('interrupts.ts', import.meta.url).href)};
const interrupts = takeInterrupts();
interrupts.first.addEventListener('abort', () => console.log('first'));
setInterval(() => {}, 1_000);
console.log('ready');`;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a command that hangs ends with the second ${signal}`, { timeout: 30_000 }, async () => {
    const child = execa(process.execPath, ['--input-type=module-typescript', '-e', HANGS], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      reject: false,
    });
    for await (const line of child.iterable()) {
      // Told of the first, it goes on: the second ends it.
      if (line === 'ready' || line === 'first') child.kill(signal);
    }
    const { exitCode } = await child;
    assert.equal(exitCode, 130);
  });
}
