import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { makeScenes } from '../../../test-fixtures/farm.ts';
import { blenderKind } from './index.ts';

const AGENT = fileURLToPath(new URL('../../../test-fixtures/agent-like.ts', import.meta.url));
const { folder, remove } = await makeScenes();
after(remove);

const moments: [string, string, number][] = [
  ['while Blender starts', '', 0],
  ['while it waits', '', 1_500],
  ['while a script in a file loops for ever', join(folder, 'loops.blend'), 2_000],
];
for (const [moment, blend, delayMs] of moments) {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`${signal} to the agent ${moment} leaves no Blender`, async () => {
      const agent = execa(process.execPath, [AGENT, blend], { reject: false, buffer: false });
      const { pid, folder: scratch } = await firstLine(agent.stdout);
      assert.ok(existsSync(`/proc/${pid}`));
      // Blender has no moment to wait for here: it is the agent's death at any time that is tried.
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      process.kill(agent.pid ?? 0, signal);
      await agent;
      assert.equal(await gone(pid), true, `Blender ${pid} outlived the agent`);
      await rm(scratch, { recursive: true, force: true });
    });
  }
}

test('an engine whose graphics driver is missing is not listed, and rendering with it says so', async () => {
  const before = process.env.__EGL_VENDOR_LIBRARY_FILENAMES;
  process.env.__EGL_VENDOR_LIBRARY_FILENAMES = '/nonexistent';
  try {
    const found = await blenderKind().detect();
    assert.deepEqual(found['blender.engines'], ['CYCLES']);
  } finally {
    if (before === undefined) delete process.env.__EGL_VENDOR_LIBRARY_FILENAMES;
    else process.env.__EGL_VENDOR_LIBRARY_FILENAMES = before;
  }
});

async function firstLine(stream: AsyncIterable<Buffer>): Promise<{ pid: number; folder: string }> {
  for await (const bytes of stream) return JSON.parse(bytes.toString());
  throw new Error('the agent said nothing');
}

async function gone(pid: number): Promise<boolean> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline) {
    if (!existsSync(`/proc/${pid}`)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
