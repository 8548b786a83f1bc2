import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { farm, makeScenes } from '../../../test-fixtures/farm.ts';
import { gone } from '../../../test-fixtures/gone.ts';
import { blenderKind } from './index.ts';

const AGENT = fileURLToPath(new URL('../../../test-fixtures/agent-like.ts', import.meta.url));
const { folder, remove } = await makeScenes();
after(remove);

const moments: [string, string, number][] = [
  ['while Blender starts', '', 0],
  ['while it waits', '', 1_000],
  ['while a script in a file loops for ever', join(folder, 'loops.blend'), 1_500],
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
    const runner = blenderKind().createRunner({ threads: 1, folder, onLog: () => {} });
    const { outcome } = await farm(runner, folder).render('quick.blend', 1, { engine: 'BLENDER_EEVEE' });
    await runner.close();
    assert.equal(outcome.ok ? 'ok' : outcome.code, 'engine-unavailable');
  } finally {
    if (before === undefined) delete process.env.__EGL_VENDOR_LIBRARY_FILENAMES;
    else process.env.__EGL_VENDOR_LIBRARY_FILENAMES = before;
  }
});

async function firstLine(stream: AsyncIterable<Buffer>): Promise<{ pid: number; folder: string }> {
  for await (const bytes of stream) return JSON.parse(bytes.toString());
  throw new Error('the agent said nothing');
}
