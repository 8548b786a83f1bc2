import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exrColorLayer } from '@parallel-pilot/images/header/exr.ts';
import { readMemory } from '@parallel-pilot/images/header/reading.ts';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { execa } from 'execa';
import sharp from 'sharp';
import { farm, makeScenes, type Run } from '../../../test-fixtures/farm.ts';
import { blenderKind } from './index.ts';

const scenes = await makeScenes('make-findings.py');
const sandbox = await detectSandbox();
const runner = blenderKind().createRunner({ threads: 2, folder: scenes.scratch, sandbox, onLog: () => {} });
const { render } = farm(runner, scenes);
after(async () => {
  await runner.close();
  await scenes.remove();
});

const LOOK: Partial<RenderSettings> = { engine: 'BLENDER_WORKBENCH', samples: 1, camera: null };

/** The files of a result by name. */
async function filesOf({ outcome }: Run): Promise<Record<string, Buffer>> {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  const each = outcome.files.map(async ({ name, path }) => [name, await readFile(path)] as const);
  return Object.fromEntries(await Promise.all(each));
}
const pixels = (bytes: Buffer | undefined) => sharp(bytes).removeAlpha().raw().toBuffer();

/** What Blender makes of frame 1 by itself: paths end with the suffixes of the views. */
async function plain(name: string, ...lines: string[]): Promise<(suffix: string) => Promise<Buffer>> {
  const script = [
    'import bpy',
    'scene = bpy.context.scene',
    "scene.display.render_aa = 'OFF'",
    ...lines,
  ].join('\n');
  const path = join(scenes.scratch, name);
  const file = join(scenes.folder, 'rich.blend');
  await execa('blender', ['-b', file, '--python-expr', script, '-o', `${path}_#`, '-F', 'PNG', '-f', '1']);
  return async (suffix) => await pixels(await readFile(`${path}_1${suffix}.png`));
}

test('each view is a file, and pixel by pixel what Blender makes of it by itself', async () => {
  const own = await plain('views');
  const files = await filesOf(await render('rich.blend', 1, { ...LOOK, views: ['left', 'right'] }));
  assert.deepEqual(Object.keys(files), ['frame', 'view-1']);
  assert.ok((await own('_L')).equals(await pixels(files.frame)));
  assert.ok((await own('_R')).equals(await pixels(files['view-1'])));
  assert.ok(!(await own('_L')).equals(await own('_R')), 'the views do not differ, so nothing was tested');
});

test('beside an OpenEXR comes what a screen shows of it: the PNG that Blender makes by itself', async () => {
  const own = await plain('display', 'scene.render.use_multiview = False');
  const shown = await own('');
  for (const format of ['OPEN_EXR', 'OPEN_EXR_MULTILAYER'] as const) {
    const settings = { ...LOOK, format, colorDepth: '16' } as const;
    const files = await filesOf(await render('rich.blend', 1, settings));
    assert.deepEqual(Object.keys(files), ['frame', 'display']);
    assert.ok(shown.equals(await pixels(files.display)), format);
  }
  // A frame of another format in between changes nothing.
  const files = await filesOf(await render('rich.blend', 1, LOOK));
  assert.ok(shown.equals(await pixels(files.frame)));
});

test('an OpenEXR of layers keeps them, in each view', async () => {
  const settings: Partial<RenderSettings> = {
    ...LOOK,
    format: 'OPEN_EXR_MULTILAYER',
    colorDepth: '32',
    views: ['left', 'right'],
  };
  const files = await filesOf(await render('rich.blend', 2, settings));
  assert.deepEqual(Object.keys(files), ['frame', 'view-1', 'display']);
  for (const bytes of [files.frame, files['view-1']]) {
    assert.ok(bytes !== undefined);
    assert.ok(bytes.includes('ViewLayer.Depth.Z'), 'the pass is not in the file');
    assert.equal(readMemory(bytes, exrColorLayer(bytes.length)), 'ViewLayer.Combined');
  }
});

test('the sound of all frames comes beside the first, as long as they are', async () => {
  const run = await render('rich.blend', 1, { ...LOOK, frames: '1-24', sound: true });
  await filesOf(run);
  const sound = join(run.outputs, 'sound.flac');
  const probe = await execa('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration',
    '-of',
    'csv=p=0',
    sound,
  ]);
  assert.ok(Math.abs(Number(probe.stdout) - 1) < 0.05, `24 frames of 24 a second last ${probe.stdout} s`);
  const volume = await execa('ffmpeg', ['-i', sound, '-af', 'volumedetect', '-f', 'null', '-']);
  assert.match(volume.stderr, /max_volume: -(\d|1\d)\.\d dB/);
  // The scene is as it was for what comes after.
  assert.deepEqual(Object.keys(await filesOf(await render('rich.blend', 30, LOOK))), ['frame']);
});
