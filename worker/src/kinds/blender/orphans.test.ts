import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { treeOf } from '@parallel-pilot/sandbox/limits/process-tree.ts';
import { gone } from '@parallel-pilot/sandbox/test-fixtures/gone.ts';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { execa } from 'execa';
import { farm, makeScenes } from '../../../test-fixtures/farm.ts';
import { blenderKind } from './index.ts';

const AGENT = fileURLToPath(new URL('../../../test-fixtures/agent-like.ts', import.meta.url));
const scenes = await makeScenes();
const { folder, scratch, remove } = scenes;
const sandboxes = await levels();
after(remove);

const moments: [string, string, number][] = [
  ['while Blender starts', '', 0],
  ['while it waits', '', 1_000],
  ['while a script in a file loops for ever', join(folder, 'loops.blend'), 1_500],
];
const ways = sandboxes.flatMap(({ level }) =>
  moments.flatMap(([moment, blend, delayMs]) =>
    (['SIGKILL', 'SIGTERM'] as const).map((signal) => ({ level, moment, blend, delayMs, signal })),
  ),
);
for (const { level, moment, blend, delayMs, signal } of ways) {
  test(`${signal} to the agent ${moment} leaves no Blender (sandbox: ${level})`, async () => {
    const agent = execa(process.execPath, [AGENT, level, blend], { reject: false, buffer: false });
    const { pid, folder: used } = await firstLine(agent.stdout);
    assert.ok(existsSync(`/proc/${pid}`));
    // Blender has no moment to wait for here: it is the agent's death at any time that is tried.
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const processes = await treeOf(pid);
    assert.ok(level === 'none' || delayMs === 0 || processes.length >= 3, `only ${processes}`);
    process.kill(agent.pid ?? 0, signal);
    await agent;
    for (const one of processes) assert.equal(await gone(one), true, `process ${one} outlived the agent`);
    await rm(used, { recursive: true, force: true });
  });
}

for (const here of sandboxes)
  test(`an engine whose graphics driver is missing is not listed, and rendering with it says so (sandbox: ${here.level})`, async () => {
    const before = process.env.__EGL_VENDOR_LIBRARY_FILENAMES;
    process.env.__EGL_VENDOR_LIBRARY_FILENAMES = '/nonexistent';
    try {
      const found = await blenderKind().detect(here);
      assert.deepEqual(found['blender.engines'], ['CYCLES']);
      const runner = blenderKind().createRunner({
        threads: 1,
        folder: scratch,
        sandbox: here,
        onLog: () => {},
      });
      const { outcome } = await farm(runner, scenes).render('quick.blend', 1, { engine: 'BLENDER_EEVEE' });
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
