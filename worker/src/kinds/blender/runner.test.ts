import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { EXTENSIONS, FrameResult } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { execa } from 'execa';
import sharp from 'sharp';
import { farm, makeScenes, type Run } from '../../../test-fixtures/farm.ts';
import type { Remembered } from '../kind.ts';
import { finishImage } from './image.ts';
import { blenderKind } from './index.ts';

const SHARED_SCENES = fileURLToPath(new URL('../../../../../shared/scenes/', import.meta.url));
const SILENT = fileURLToPath(new URL('../../../test-fixtures/silent-blender.sh', import.meta.url));

const scenes = await makeScenes();
const { folder, scratch, remove } = scenes;
const sandbox = await detectSandbox();
const logged: string[] = [];
const kind = blenderKind();
const runner = kind.createRunner({
  threads: 2,
  folder: scratch,
  sandbox,
  onLog: (line) => logged.push(line),
});
const { probe, render } = farm(runner, scenes);
after(async () => {
  await runner.close();
  await remove();
});

test('probe tells scenes, cameras, ranges and rates, and the same Blender then renders', async () => {
  const found = BlenderProbe.parse(result(await probe('quick.blend')));
  assert.equal(found.activeScene, 'Scene');
  assert.deepEqual(
    found.scenes.map((scene) => scene.name),
    ['Scene', 'Second'],
  );
  const second = found.scenes[1];
  assert.deepEqual(second?.cameras.toSorted(), ['Close', 'Wide']);
  assert.equal(second?.camera, 'Wide');
  assert.deepEqual([second?.frameStart, second?.frameEnd, second?.frameStep], [3, 9, 2]);
  assert.ok(Math.abs((second?.fps ?? 0) - 29.97) < 0.001);
  assert.equal(found.scenes[0]?.samples, 2);
  assert.deepEqual(
    [found.missing, found.scripts, found.fileVersion],
    [[], [], found.blenderVersion.slice(0, 3)],
  );
  const [before, memory] = [logged.length, await runner.memoryBytes()];
  assert.ok(memory > 10_000_000);
  const run = await render('quick.blend', 3);
  assert.deepEqual(
    { ...FrameResult.parse(result(run)), renderMs: 0 },
    { frame: 3, width: 64, height: 36, renderMs: 0 },
  );
  assert.deepEqual(await readdir(run.outputs), ['frame.png']);
  assert.equal(run.progress.at(-1)?.fraction, 1);
  assert.ok(run.progress.some((p) => p.detail.startsWith('Sample ')));
  assert.equal(logged.length, before);
});

test('the first frame of a Blender says when its scene was open, the others that it was open already', async () => {
  await runner.rest();
  let opened = 0;
  const count = { opened: () => (opened += 1) };
  await render('quick.blend', 1, {}, count);
  assert.equal(opened, 1);
  await render('quick.blend', 2, {}, count);
  assert.equal(opened, 1);
  await runner.rest();
  await render('quick.blend', 3, {}, count);
  assert.equal(opened, 2);
});

test('at rest there is no Blender, and the next chunk has one again', async () => {
  await runner.rest();
  assert.equal(await runner.memoryBytes(), 0);
  assert.ok((await render('quick.blend', 3)).outcome.ok);
});

test('a Blender that has seen a job is not kept when that is forgotten, one that has seen none is', async () => {
  const opens = async (): Promise<boolean> =>
    (await render('quick.blend', 3)).progress.some(({ detail }) => detail === 'Opening the scene');
  await opens();
  assert.equal(await opens(), false);
  await runner.forget();
  assert.ok((await runner.memoryBytes()) > 0);
  assert.equal(await opens(), true);
});

test('a probe tells what the file says, not what the render before it asked for', async () => {
  const untouched = result(await probe('quick.blend'));
  result(
    await render('quick.blend', 3, {
      percentage: 50,
      samples: 5,
      format: 'OPEN_EXR',
      colorDepth: '16',
      transparent: true,
    }),
  );
  assert.deepEqual(result(await probe('quick.blend')), untouched);
});

const formats: Partial<RenderSettings>[] = [
  { format: 'PNG', colorDepth: '8' },
  { format: 'PNG', colorDepth: '16', transparent: true },
  { format: 'JPEG', colorDepth: '8', transparent: true },
  { format: 'TIFF', colorDepth: '16' },
  { format: 'OPEN_EXR', colorDepth: '16' },
  { format: 'OPEN_EXR', colorDepth: '32', transparent: true },
];
for (const settings of formats) {
  test(`${settings.format} at ${settings.colorDepth} bits: exact size, and equal bytes twice`, async () => {
    const odd = { ...settings, resolutionX: 51, resolutionY: 35, percentage: 50 };
    const runs = [await render('quick.blend', 7, odd), await render('quick.blend', 7, odd)];
    const [one, two] = await Promise.all(runs.map(async (run) => await image(run)));
    assert.deepEqual(
      { ...FrameResult.parse(runs[0] && result(runs[0])), renderMs: 0 },
      { frame: 7, width: 25, height: 17, renderMs: 0 },
    );
    assert.ok(one && two?.equals(one));
    if (settings.format !== 'PNG') return;
    const about = await sharp(one).metadata();
    assert.equal(about.hasAlpha, settings.transparent ?? about.hasAlpha);
    assert.equal(about.depth, settings.colorDepth === '16' ? 'ushort' : 'uchar');
  });
}

test('every cut of an OpenEXR is damaged, before a decoder sees it', async () => {
  const run = await render('quick.blend', 2, { format: 'OPEN_EXR', colorDepth: '16' });
  const whole = await image(run);
  const path = join(run.outputs, 'frame.exr');
  for (const length of [4, 100, 300, whole.length >> 1, whole.length - 100, whole.length - 1]) {
    await writeFile(path, whole.subarray(0, length));
    const check = await finishImage(
      { path, held: null },
      { format: 'OPEN_EXR', width: 64, height: 36 },
      null,
    );
    assert.equal(check.ok ? 'ok' : check.code, 'bad-output', `${length} of ${whole.length} bytes`);
  }
});

test('scene, camera and frame are those that were asked for', async () => {
  const images = [
    await image(await render('quick.blend', 1)),
    await image(await render('quick.blend', 20)),
    await image(await render('quick.blend', -9)),
    await image(await render('quick.blend', 3, { scene: 'Second', camera: 'Wide' })),
    await image(await render('quick.blend', 3, { scene: 'Second', camera: 'Close' })),
  ];
  for (const [i, one] of images.entries()) {
    for (const other of images.slice(i + 1)) assert.ok(!one.equals(other));
  }
  assert.ok((await image(await render('quick.blend', 1))).equals(images[0] ?? Buffer.alloc(0)));
});

test('a frame is looked at while Blender renders the next one, of the same job or another', async () => {
  const alone = [await image(await render('quick.blend', 5)), await image(await render('awkward.blend', 2))];
  for (const [main, frame] of [
    ['quick.blend', 6],
    ['awkward.blend', 2],
  ] as const) {
    const { promise: next, resolve } = Promise.withResolvers<Promise<Run>>();
    let over = false;
    const freed = () => {
      assert.equal(over, false);
      resolve(render(main, frame));
    };
    const first = await render('quick.blend', 5, {}, { freed });
    over = true;
    const second = await image(await await next);
    assert.ok((await image(first)).equals(alone[0] ?? Buffer.alloc(0)));
    assert.equal(second.equals(alone[1] ?? Buffer.alloc(0)), main === 'awkward.blend');
  }
});

test('Blender renders no next frame before it has decoded this one', async () => {
  let freed = false;
  const exr = { format: 'OPEN_EXR', colorDepth: '16' } as const;
  const run = await render('quick.blend', 5, exr, { freed: () => (freed = true) });
  assert.deepEqual([run.outcome.ok, freed], [true, false]);
});

test('unknown scenes and cameras are named, and the denoiser that is not there is said so', async () => {
  fails(await render('quick.blend', 1, { scene: 'Nope' }), 'unknown-scene', /"Nope"/);
  fails(
    await render('quick.blend', 1, { camera: 'Wide' }),
    'unknown-camera',
    /"Scene" has no camera named "Wide"/,
  );
  const { 'blender.denoiser': denoiser } = await detected;
  const denoised = await render('quick.blend', 1, { denoise: true });
  if (denoiser === true) assert.ok(denoised.outcome.ok);
  else fails(denoised, 'denoiser-unavailable', /without OpenImageDenoise/);
  assert.ok((await render('quick.blend', 1)).outcome.ok);
});

test('an aborted frame stops within a second, and the next one renders', async () => {
  const stop = new AbortController();
  const long = render(
    'quick.blend',
    1,
    { resolutionX: 1_920, resolutionY: 1_080, samples: 9_999 },
    { signal: stop.signal },
  );
  const timer = setTimeout(() => stop.abort(), 700);
  const started = performance.now();
  fails(await long, 'canceled');
  clearTimeout(timer);
  assert.ok(performance.now() - started < 1_700);
  assert.ok((await render('quick.blend', 1)).outcome.ok);
});

test('no camera', async () => {
  assert.equal(BlenderProbe.parse(result(await probe('no-camera.blend'))).scenes[0]?.camera, null);
  fails(await render('no-camera.blend', 1), 'no-camera', /has no camera/);
});

test('movie output, border, stamps, stereo and file output nodes change nothing', async () => {
  assert.equal(BlenderProbe.parse(result(await probe('awkward.blend'))).scenes[0]?.format, 'FFMPEG');
  const run = await render('awkward.blend', 2);
  assert.equal(FrameResult.parse(result(run)).width, 64);
  assert.deepEqual(await readdir(run.outputs), ['frame.png']);
  assert.equal(existsSync(join(folder, 'stray')), false);
});

test('missing files are listed, present ones are not', async () => {
  const inputs = join(folder, 'alone');
  const { missing } = BlenderProbe.parse(result(await probe('missing.blend', { inputs })));
  assert.deepEqual(missing.map(({ type, path }) => `${type} ${path}`).toSorted(), [
    'image //gone.png',
    'library //no-camera.blend',
    'other //lamp.ies',
    'sound //voice.wav',
  ]);
  assert.ok((await render('missing.blend', 1, {}, { inputs })).outcome.ok);
});

test('what is no .blend, cut short, or too new is told apart', async () => {
  const whole = await readFile(join(folder, 'quick.blend'));
  await writeFile(join(folder, 'gzip.blend'), gzipSync(whole));
  assert.ok((await probe('gzip.blend')).outcome.ok);
  assert.ok((await probe('zstd.blend')).outcome.ok);
  await writeFile(join(folder, 'text.blend'), 'BLEND me');
  fails(await probe('text.blend'), 'not-a-blend', /does not start like one/);
  fails(await probe('absent.blend'), 'input-missing');
  for (const length of [12, whole.length >> 1, whole.length - 2_000]) {
    await writeFile(join(folder, 'cut.blend'), whole.subarray(0, length));
    fails(await probe('cut.blend', { affinity: `cut ${length}` }), 'not-a-blend', /damaged or cut short/);
  }
  await truncate(join(folder, 'zstd.blend'), 5_000);
  fails(await probe('zstd.blend', { affinity: 'cut zstd' }), 'not-a-blend');
  for (const [header, version] of [
    ['BLENDER-v499', '4.99'],
    ['BLENDER17-01v0501', '5.1'],
  ] as const) {
    await writeFile(join(folder, 'new.blend'), Buffer.concat([Buffer.from(header), whole.subarray(17)]));
    const { 'blender.version': here } = await detected;
    const both = new RegExp(`saved by Blender ${version}, and this worker has Blender ${here}`);
    fails(await probe('new.blend', { affinity: header }), 'too-old', both);
  }
});

test('scripts stay off unless they are allowed', async () => {
  assert.deepEqual(BlenderProbe.parse(result(await probe('raises.blend'))).scripts, ['boot.py']);
  for (const main of ['exits.blend', 'loops.blend']) assert.ok((await render(main, 1)).outcome.ok);
});

test('a script that raises, in the file or in a handler, or ends Blender, has failed', async () => {
  const scripts = { scripts: true };
  fails(
    await render('raises.blend', 1, {}, scripts),
    'script-failed',
    /ValueError: the rig is broken \(boot.py, line 1\)/,
  );
  fails(
    await render('handler-raises.blend', 1, {}, scripts),
    'script-failed',
    /TypeError: .*bone.* \(boot.py, line 2\)/,
  );
  fails(await render('exits.blend', 1, {}, scripts), 'script-failed', /ended Blender/);
});

test('a script that loops is hung, and nothing it started is left', async () => {
  fails(await render('starts-sleep.blend', 1, {}, { scripts: true, hangLimitMs: 1_500 }), 'hung');
  const { stdout } = await execa('ps', ['-eo', 'args']);
  assert.doesNotMatch(stdout, /^sleep 4321$/m);
});

test('a flood of prints and forged replies disturbs nothing and costs no memory', async () => {
  const before = process.memoryUsage().rss;
  const run = await render('prints.blend', 1, {}, { scripts: true });
  assert.equal(FrameResult.parse(result(run)).width, 64);
  assert.ok(run.outcome.log.length <= 16_384, `${run.outcome.log.length}`);
  assert.ok(process.memoryUsage().rss - before < 100_000_000);
});

test('a warm Blender that crashes is replaced, and its frame rendered', async () => {
  const options = { scripts: true };
  for (const frame of [1, 2, 3, 4]) {
    assert.ok((await render('crashes-later.blend', frame, {}, options)).outcome.ok, `frame ${frame}`);
  }
  assert.ok(logged.some((line) => line.includes('once more') && line.includes('SIGSEGV')));
});

test('a file that no Blender survives is reported with its last words', async () => {
  const run = await render('crashes-later.blend', 13, {}, { scripts: true });
  fails(run, 'died', /crashed \(SIGSEGV\)/);
  assert.match(run.outcome.log, /Read blend/);
});

test('a Blender is replaced after its share of frames', async () => {
  const notes: string[] = [];
  const tired = blenderKind({ recycleFrames: 2 }).createRunner({
    threads: 1,
    folder: scratch,
    sandbox,
    onLog: (l) => notes.push(l),
  });
  const own = farm(tired, scenes);
  for (const frame of [1, 2, 3]) assert.ok((await own.render('quick.blend', frame)).outcome.ok);
  await tired.close();
  assert.equal(notes.filter((note) => note.includes('rendered 2 frames')).length, 1);
});

test('a Blender that never answers is hung; one that is not there is said so', async () => {
  for (const [blender, code] of [
    [SILENT, 'hung'],
    ['/nonexistent/blender', 'died'],
  ] as const) {
    const broken = blenderKind({ blender }).createRunner({
      threads: 1,
      folder: scratch,
      sandbox,
      onLog: () => {},
    });
    fails(await farm(broken, scenes).render('quick.blend', 1, {}, { hangLimitMs: 300 }), code);
    await broken.close();
  }
  assert.deepEqual(await blenderKind({ blender: '/nonexistent/blender' }).detect(sandbox), {});
});

const strangers = existsSync(SHARED_SCENES) ? false : 'there is no ../shared/scenes beside this clone';
test('scenes made by strangers', { skip: strangers }, async () => {
  for (const [inputs, main] of [
    [SHARED_SCENES, 'cubes.blend'],
    [join(SHARED_SCENES, 'minor-bob'), 'minor-bob.blend'],
  ] as const) {
    const found = BlenderProbe.parse(result(await probe(main, { inputs, affinity: inputs })));
    assert.deepEqual([found.fileVersion, found.missing], ['2.77', []]);
    const camera = found.scenes[0]?.camera ?? '';
    const run = await render(
      main,
      5,
      { camera, resolutionX: 64, resolutionY: 64, samples: 1 },
      { inputs, affinity: inputs },
    );
    assert.equal(FrameResult.parse(result(run)).height, 64);
  }
});

const detected = kind.detect(sandbox);
test('detect finds what this Blender can do', async () => {
  const found = await detected;
  assert.match(String(found['blender.version']), /^\d+\.\d+\.\d+$/);
  assert.ok(Array.isArray(found['blender.engines']) && found['blender.engines'].includes('CYCLES'));
  assert.equal(typeof found['blender.denoiser'], 'boolean');
  assert.deepEqual(Array.isArray(found['blender.devices']) && found['blender.devices'][0], 'CPU');
});

test('what was found is remembered as long as the program and the drivers are the same', async () => {
  const kept = new Map<string, Capabilities>();
  const remembered: Remembered = {
    recall: async (fingerprint) => kept.get(fingerprint) ?? null,
    keep: async (fingerprint, capabilities) => void kept.set(fingerprint, capabilities),
  };
  const found = await kind.detect(sandbox, remembered);
  assert.deepEqual([...kept.values()], [found]);
  for (const fingerprint of kept.keys()) kept.set(fingerprint, { 'blender.version': '9.9.9' });
  assert.deepEqual(await kind.detect(sandbox, remembered), { 'blender.version': '9.9.9' });
  assert.deepEqual(await blenderKind({ blender: '/nonexistent/blender' }).detect(sandbox, remembered), {});
});

test('what was found with other graphics drivers chosen is not what is found now', async (t) => {
  const asked: string[] = [];
  const remembered: Remembered = {
    recall: async (fingerprint) => {
      asked.push(fingerprint);
      return { 'blender.version': '9.9.9' };
    },
    keep: async () => {},
  };
  await kind.detect(sandbox, remembered);
  const before = process.env.MESA_LOADER_DRIVER_OVERRIDE;
  t.after(() => {
    if (before === undefined) delete process.env.MESA_LOADER_DRIVER_OVERRIDE;
    else process.env.MESA_LOADER_DRIVER_OVERRIDE = before;
  });
  process.env.MESA_LOADER_DRIVER_OVERRIDE = 'another';
  await kind.detect(sandbox, remembered);
  assert.equal(new Set(asked).size, 2);
});

function result(run: Run): unknown {
  if (!run.outcome.ok) throw new Error(`${run.outcome.code}: ${run.outcome.message}\n${run.outcome.log}`);
  return run.outcome.result;
}

function fails(run: Run, code: string, message = /./): void {
  if (run.outcome.ok) throw new Error(`expected ${code}, and it succeeded`);
  assert.equal(run.outcome.code, code, `${run.outcome.message}\n${run.outcome.log}`);
  assert.match(run.outcome.message, message);
}

async function image(run: Run): Promise<Buffer> {
  result(run);
  const names = await readdir(run.outputs);
  const name = names.find((one) =>
    Object.values(EXTENSIONS).some((extension) => one === `frame.${extension}`),
  );
  assert.ok(name !== undefined, `there is no frame among ${names}`);
  return await readFile(join(run.outputs, name));
}
