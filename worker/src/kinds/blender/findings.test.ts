import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { BlenderProbe, type ProbedScene } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { execa } from 'execa';
import sharp from 'sharp';
import { farm, makeScenes, type Run, type RunOptions } from '../../../test-fixtures/farm.ts';
import { blenderKind } from './index.ts';

const scenes = await makeScenes('make-findings.py');
const sandbox = await detectSandbox();
const start = () =>
  blenderKind().createRunner({ threads: 2, folder: scenes.scratch, sandbox, onLog: () => {} });
const runner = start();
const here = farm(runner, scenes);
after(async () => {
  await runner.close();
  await scenes.remove();
});

const LOOK: Partial<RenderSettings> = { engine: 'BLENDER_WORKBENCH', samples: 1, camera: null };

async function found(main: string): Promise<BlenderProbe & { scene: ProbedScene }> {
  const { outcome } = await here.probe(main);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  const probe = BlenderProbe.parse(outcome.result);
  const scene = probe.scenes[0];
  assert.ok(scene !== undefined);
  return { ...probe, scene };
}

async function pixels({ outcome, outputs }: Run): Promise<Buffer> {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return sharp(join(outputs, 'frame.png')).removeAlpha().raw().toBuffer();
}
const picture = async (main: string, frame: number, settings = LOOK, options: RunOptions = {}, at = here) =>
  pixels(await at.render(main, frame, settings, options));

test('simulations that are not baked are found', async () => {
  assert.deepEqual((await found('simulated.blend')).scene.simulations, [
    { type: 'rigid body', object: 'Box' },
    { type: 'cloth', object: 'Towel' },
  ]);
  assert.deepEqual((await found('driven.blend')).scene.simulations, []);
});

test('played from its first frame, any frame of a simulation is the one that Blender itself comes to', async () => {
  const played = { ...LOOK, simulate: true };
  // Blender as its owner sees it: frame after frame, then a picture of the last.
  const script = `import bpy
scene = bpy.context.scene
for frame in range(1, 21): scene.frame_set(frame)
scene.display.render_aa = 'OFF'
scene.render.filepath = ${JSON.stringify(join(scenes.scratch, 'plain.png'))}
bpy.ops.render.render(write_still=True)`;
  await execa('blender', ['-b', join(scenes.folder, 'simulated.blend'), '--python-expr', script]);
  const plain = await sharp(await readFile(join(scenes.scratch, 'plain.png')))
    .removeAlpha()
    .raw()
    .toBuffer();
  const other = start();
  try {
    assert.ok(plain.equals(await picture('simulated.blend', 20, played, {}, farm(other, scenes))));
  } finally {
    await other.close();
  }
  // On a Blender that has other frames to do first, in any order.
  for (const frame of [12, 5, 24]) await picture('simulated.blend', frame, played);
  assert.ok(plain.equals(await picture('simulated.blend', 20, played)));
  const jumped = await picture('simulated.blend', 20, LOOK, { affinity: 'afresh' });
  assert.ok(!plain.equals(jumped), 'nothing moved, so nothing was tested');
});

test('drivers that need Python are found, others not', async () => {
  assert.deepEqual((await found('driven.blend')).drivers, ['Python']);
  assert.deepEqual((await found('simulated.blend')).drivers, []);
});

test('a scene of the sequencer alone is rendered without a camera', async () => {
  const { scene } = await found('edited.blend');
  assert.deepEqual([scene.sequencer, scene.camera, scene.cameras], [true, null, []]);
  const [red = 0, green = 255] = await picture('edited.blend', 3);
  assert.ok(red > 200 && green < 50, `${red} ${green}`);
});

test('markers switch cameras unless one is named, the own one of the scene included', async () => {
  const first = { ...LOOK, camera: 'First' };
  const before = await picture('cuts.blend', 5);
  assert.ok(!before.equals(await picture('cuts.blend', 12)));
  // Back before the cut, in the Blender that went beyond it.
  assert.ok(before.equals(await picture('cuts.blend', 5)));
  assert.ok(before.equals(await picture('cuts.blend', 12, first)));
});

test('what does not come back is told', async () => {
  const { left, sounds, views } = (await found('generous.blend')).scene;
  assert.deepEqual(
    left.map(({ what }) => what),
    ['passes', 'file-output', 'stamp', 'crop'],
  );
  const names = Object.fromEntries(left.map((one) => [one.what, one.names]));
  assert.ok(names.passes?.includes('z'));
  assert.deepEqual(names['file-output'], ['Masks']);
  assert.deepEqual([sounds, views], [['Voice'], ['left', 'right']]);
  assert.deepEqual((await found('driven.blend')).scene.left, []);
});

test('of a sequence of pictures every one that is shown has to be there', async () => {
  const { missing } = await found('sequence.blend');
  assert.deepEqual(missing, [
    {
      type: 'image',
      name: 'wood_001.png',
      path: '//wood_001.png (1 of the 4 pictures shown, the first is wood_002.png)',
    },
  ]);
});

test('a script that raises once the picture is saved fails the frame, unless it may', async () => {
  const { outcome } = await here.render('raises-late.blend', 1, LOOK, { scripts: true });
  assert.ok(!outcome.ok && outcome.code === 'script-failed', JSON.stringify(outcome));
  const may: RunOptions = { scripts: true, scriptErrors: 'ignore', affinity: 'may' };
  assert.ok((await here.render('raises-late.blend', 1, LOOK, may)).outcome.ok);
});

test('a file of a newer Blender is opened where its owner insists', async () => {
  // The header says 9.99, the rest is of this Blender.
  const bytes = await readFile(join(scenes.folder, 'driven.blend'));
  assert.equal(bytes.toString('latin1', 0, 9), 'BLENDER-v');
  bytes.write('999', 9);
  await writeFile(join(scenes.folder, 'newer.blend'), bytes);
  const { outcome } = await here.render('newer.blend', 1, LOOK);
  assert.ok(!outcome.ok && outcome.code === 'too-old', JSON.stringify(outcome));
  assert.ok((await here.render('newer.blend', 1, LOOK, { openNewer: true, affinity: 'insist' })).outcome.ok);
});
