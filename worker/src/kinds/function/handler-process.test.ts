import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { Call } from '@parallel-pilot/shared/protocol/calls.ts';
import { startHandler } from './handler-process.ts';
import { programOf } from './runtime.ts';
import { inSandbox } from './start-process.ts';

const root = await mkdtemp(join(tmpdir(), 'pilot-handler-'));
after(() => rm(root, { recursive: true, force: true }));

/** Its process ends as soon as it has said that the answer lies there. */
const HANDLER = `import os
import __main__
say = __main__.say
def last(message):
    say(message)
    if "left" in message:
        os._exit(0)
__main__.say = last
def handle(event, context):
    return "x" * event
`;

test('an answer that was left as a file comes to the farm though its process ends just then', async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox?.level === 'bubblewrap', 'this machine has no sandbox');
  const [inputs, folder] = [join(root, 'in'), join(root, 'slot')];
  for (const path of [inputs, folder]) await mkdir(path);
  await writeFile(join(inputs, 'handler.py'), HANDLER);
  const program = programOf('python', sandbox, 1);
  assert.ok(program !== null);
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
  const stage = InstancesStage.parse({ name: 'f', version: 1, handler: 'handler.py', settings: {} });
  const place = inSandbox(sandbox, program);
  const handler = await startHandler(
    { stage, inputs, packages: null, place, blobs, onPrinted() {} },
    { threads: 1, folder, sandbox, onLog() {} },
  );
  assert.deepEqual(await handler.loaded, { ok: true });
  const call = Call.parse({
    ...{ lease: 'lse_0123456789abcdefghij', call: 'cal_0123456789abcdefghij', event: '400000' },
    ...{ mostAnswerBytes: 1_000_000, context: {}, timeoutMs: 30_000 },
  });
  const end = await handler.call(call);
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
