import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { treeOf } from '@parallel-pilot/sandbox/limits/process-tree.ts';
import { gone } from '@parallel-pilot/sandbox/test-fixtures/gone.ts';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { execa } from 'execa';
import { sleepers, until } from './fixtures/sleepers.ts';

const AGENT = fileURLToPath(new URL('fixtures/agent-like.ts', import.meta.url));

for (const { level } of await levels())
  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    test(`${signal} to the agent leaves neither Python nor what its script had started (sandbox: ${level})`, async () => {
      // Seconds that nobody else sleeps.
      const mark = `2${process.pid}${level.length}${signal.length}`;
      const agent = execa(process.execPath, [AGENT, level, mark], { reject: false, buffer: false });
      const folder = await folderOf(agent.stdout);
      await until(async () => (await sleepers(mark)).length === 2, 'the script has started two others');
      const processes = [...(await treeOf(agent.pid ?? 0)), ...(await sleepers(mark))];
      assert.ok(processes.length >= 5, `only ${processes}`);
      process.kill(agent.pid ?? 0, signal);
      await agent;
      for (const one of processes) assert.equal(await gone(one), true, `process ${one} outlived the agent`);
      await rm(folder, { recursive: true, force: true });
    });

async function folderOf(stream: AsyncIterable<Buffer>): Promise<string> {
  for await (const bytes of stream) return JSON.parse(bytes.toString()).folder;
  throw new Error('the agent said nothing');
}
