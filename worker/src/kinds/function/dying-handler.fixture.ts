import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { InstancesStage } from '@parallel-pilot/shared/kinds/function/stages.ts';
import { Call } from '@parallel-pilot/shared/protocol/calls.ts';
import { programOf } from './runtime.ts';
import { inSandbox } from './start-process.ts';

/** Its process ends as soon as it has said that a large answer lies there. */
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

/** What its processes are started with, in folders that go with the test. */
export async function dyingHandler(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'pilot-dying-handler-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox?.level === 'bubblewrap', 'this machine has no sandbox');
  const [inputs, folder] = [join(root, 'in'), join(root, 'slot')];
  for (const path of [inputs, folder]) await mkdir(path);
  await writeFile(join(inputs, 'handler.py'), HANDLER);
  const program = programOf('python', sandbox, 1);
  assert.ok(program !== null);
  const stage = InstancesStage.parse({ name: 'f', version: 1, handler: 'handler.py', settings: {} });
  return {
    stage,
    of: { inputs, packages: null, place: inSandbox(sandbox, program) },
    at: { threads: 1, folder, sandbox, onLog() {} },
  };
}

export const callOf = (call: string, event: string): Call =>
  Call.parse({
    ...{ lease: 'lse_0123456789abcdefghij', call, event },
    ...{ mostAnswerBytes: 1_000_000, context: {}, timeoutMs: 30_000 },
  });
