import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../model/requirement.ts';
import type { BlenderProbe, ProbedScene } from './probe.ts';
import { fleetProblem, resolveSettings } from './resolve.ts';

const scene: ProbedScene = {
  name: 'Scene',
  cameras: ['Camera', 'Side'],
  camera: 'Camera',
  frameStart: 1,
  frameEnd: 250,
  frameStep: 2,
  fps: 24,
  resolutionX: 1920,
  resolutionY: 1080,
  percentage: 50,
  pixelAspect: 1,
  engine: 'CYCLES',
  samples: 128,
  format: 'PNG',
  colorDepth: '8',
  transparent: false,
  denoise: true,
  sequencer: false,
  views: [],
  sounds: [],
  simulations: [],
  left: [],
};
const probe: BlenderProbe = {
  blenderVersion: '3.4.1',
  fileVersion: '2.77',
  scenes: [scene, { ...scene, name: 'Empty', cameras: [], camera: null }],
  activeScene: 'Scene',
  missing: [],
  scripts: [],
  drivers: [],
};
const debian: Capabilities = {
  kinds: ['blender'],
  'blender.version': '3.4.1',
  'blender.engines': ['CYCLES', 'BLENDER_EEVEE'],
  'blender.denoiser': false,
};
const official: Capabilities = { ...debian, 'blender.version': '4.2.1', 'blender.denoiser': true };

const refused = (given: Parameters<typeof resolveSettings>[1]) => {
  const resolved = resolveSettings(probe, given, [debian]);
  assert.ok(!resolved.ok);
  return resolved.message;
};
const settled = (given: Parameters<typeof resolveSettings>[1], fleet = [debian]) => {
  const resolved = resolveSettings(probe, given, fleet);
  assert.ok(resolved.ok, resolved.ok ? '' : resolved.message);
  return resolved;
};

test('defaults come from the file', () => {
  const { settings } = settled({});
  assert.equal(settings.frames, '1-250x2');
  assert.equal(settings.camera, null);
  assert.equal(settings.samples, 128);
  assert.equal(settings.percentage, 50);
  assert.equal(settings.video, 'mp4');
});

test('what the user chose wins', () => {
  const { settings } = settled({
    camera: 'Side',
    frames: '5',
    samples: 4,
    format: 'OPEN_EXR',
    colorDepth: '32',
  });
  assert.equal(settings.camera, 'Side');
  assert.equal(settings.samples, 4);
  assert.equal(settings.colorDepth, '32');
});

test('a colour depth that the format does not know becomes one that it does', () => {
  assert.equal(settled({ format: 'JPEG', colorDepth: '16' }).settings.colorDepth, '8');
  assert.equal(settled({ format: 'OPEN_EXR', colorDepth: '8' }).settings.colorDepth, '16');
});

test('unknown scene, unknown camera, no camera and malformed frames are sentences', () => {
  assert.equal(refused({ scene: 'Nope' }), 'The file has no scene "Nope". It has: "Scene", "Empty".');
  assert.equal(
    refused({ camera: 'Nope' }),
    'The scene "Scene" has no camera "Nope". It has: "Camera", "Side".',
  );
  assert.match(refused({ scene: 'Empty' }), /The scene "Empty" has no camera\. Add one in Blender/);
  assert.match(refused({ frames: '1-x' }), /"1-x" at character 1/);
});

test('denoising: auto follows the scene where a worker can, and says so where none can', () => {
  assert.equal(settled({}, [debian, official]).settings.denoise, true);
  const without = settled({});
  assert.equal(without.settings.denoise, false);
  assert.match(without.notes[0]?.message ?? '', /All frames are rendered without it/);
  assert.equal(settled({ denoise: 'off' }, [official]).settings.denoise, false);
});

test('denoising switched on where no worker can is a problem of the fleet', () => {
  const { requirements } = settled({ denoise: 'on' });
  assert.match(fleetProblem([debian], requirements)?.message ?? '', /built without a denoiser/);
  assert.equal(fleetProblem([debian, official], requirements), null);
});

test('a file newer than every Blender names both versions', () => {
  const problem = fleetProblem([debian, official], [{ key: 'blender.version', op: 'atLeast', value: '5.0' }]);
  assert.equal(
    problem?.message,
    'This file was saved by Blender 5.0, but the newest Blender on your workers is 4.2.1. Update Blender on a worker, save the file for an older version, or insist that it is opened all the same (--open-newer).',
  );
});

test('EEVEE without EGL says what to install; its 4.2 name is understood by newer workers', () => {
  const blind: Capabilities = { ...debian, 'blender.engines': ['CYCLES'] };
  const eevee = settled({ engine: 'BLENDER_EEVEE' }, [blind]);
  assert.match(
    fleetProblem([blind], eevee.requirements)?.message ?? '',
    /apt install libegl1 libgl1-mesa-dri/,
  );
  const next: Capabilities = { ...debian, 'blender.engines': ['CYCLES', 'BLENDER_EEVEE_NEXT'] };
  assert.equal(settled({ engine: 'BLENDER_EEVEE' }, [next]).settings.engine, 'BLENDER_EEVEE_NEXT');
});

test('no connected worker is not a problem yet: the job waits', () => {
  assert.equal(fleetProblem([], [{ key: 'blender.version', op: 'atLeast', value: '5.0' }]), null);
});

test('a value in the file that is out of all bounds is a sentence, not a puzzle', () => {
  const huge = { ...probe, scenes: [{ ...scene, percentage: 2_000 }] };
  const resolved = resolveSettings(huge, {}, [debian]);
  assert.ok(!resolved.ok);
  assert.equal(
    resolved.message,
    "The scene's percentage is 2000, which the farm does not render. Choose another value.",
  );
  assert.ok(resolveSettings(huge, { percentage: 100 }, [debian]).ok);
});
