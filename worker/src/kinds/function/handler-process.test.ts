import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { callOf, dyingHandler } from './dying-handler.fixture.ts';
import { startHandler } from './handler-process.ts';

test('an answer that was left as a file comes to the farm though its process ends just then', async (t) => {
  const { stage, of, at } = await dyingHandler(t);
  let text = '';
  const blobs = {
    fetch: async () => null,
    async deliver(path: string, size: number, signal: AbortSignal) {
      // No sooner than it is gone.
      while (isThere(handler.pid)) await pause(5);
      signal.throwIfAborted();
      text = await readFile(path, 'utf8');
      return { hash: 'a'.repeat(64) as never, size, receipt: 'r' };
    },
  };
  const handler = await startHandler({ stage, ...of, blobs, onPrinted() {} }, at);
  assert.deepEqual(await handler.loaded, { ok: true });
  const end = await handler.call(callOf('cal_0123456789abcdefghij', '400000'));
  assert.ok(end.ok, JSON.stringify(end));
  assert.equal(text, JSON.stringify('x'.repeat(400_000)));
  assert.match(await handler.ended, /ended with exit code 0/);
});

function isThere(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}
