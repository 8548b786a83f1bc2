import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FrameResult } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { until } from '../../../tests/support/until.ts';
import { makeScenes, SETTINGS } from '../../test-fixtures/farm.ts';
import { launch } from './fixtures/launch.ts';
import { TestWorld } from './fixtures/test-worker.ts';

test('a real worker probes and renders a real file, and kill -9 leaves no Blender behind', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const scenes = await makeScenes();
  world.atEnd(scenes.remove);
  const { child, ended } = launch(world, {}, '../../main.ts');
  const hello = await farm.heard('hello');
  // Containers where this machine has podman or docker.
  const kinds = (hello.capabilities.kinds as string[]).filter((kind) => kind !== 'container');
  assert.deepEqual(kinds, ['blender', 'training', 'command', 'function']);

  const file = { main: 'shots/quick.blend', scripts: false };
  const common = {
    kind: 'blender',
    inputs: [farm.addBlob(readFileSync(join(scenes.folder, 'quick.blend')), file.main)],
    affinity: 'quick',
  };
  const probe = farm.newAssign({}, { ...common, stageName: 'probe', stageSpec: file });
  assert.deepEqual(await farm.send('assign', probe), { ok: true });
  const probed = await farm.heard('done', (it) => it.lease === probe.lease);
  assert.equal(BlenderProbe.parse(probed.result).activeScene, 'Scene');

  const render = { ...common, stageName: 'render', stageSpec: { ...file, settings: SETTINGS } };
  const images = new Set<string>();
  for (const frame of [1, 10]) {
    const assign = farm.newAssign({ frame }, render);
    assert.deepEqual(await farm.send('assign', assign), { ok: true });
    const done = await farm.heard('done', (it) => it.lease === assign.lease);
    assert.equal(FrameResult.parse(done.result).frame, frame);
    const image = farm.blobs.get(done.files[0]?.hash ?? '');
    assert.equal(image?.subarray(1, 4).toString(), 'PNG');
    images.add(done.files[0]?.hash ?? '');
  }
  assert.equal(images.size, 2);
  assert.equal(farm.requests.filter((it) => it.method === 'GET').length, 1);
  assert.equal(farm.all('failed').length, 0);

  const blenders = childrenOf(child.pid ?? 0);
  assert.notDeepEqual(blenders, []);
  child.kill('SIGKILL');
  await ended;
  await until(
    () => blenders.every((pid) => !lives(pid)),
    () => `Blender lives on: ${blenders}`,
    10_000,
  );
});

/** Processes that a process has started, by Linux's own account. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A dead process that nobody has collected yet is still listed.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
