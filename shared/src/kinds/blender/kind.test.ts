import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StageId } from '../../model/ids.ts';
import type { NextStep, PlanningContext } from '../kind.ts';
import { blender } from './kind.ts';
import { BlenderProbe } from './probe.ts';
import { BlenderSpec } from './spec.ts';

const scene = {
  name: 'Scene',
  cameras: ['Camera'],
  camera: 'Camera',
  frameStart: 1,
  frameEnd: 24,
  frameStep: 1,
  fps: 24,
  resolutionX: 64,
  resolutionY: 36,
  percentage: 100,
  engine: 'CYCLES',
  samples: 4,
  format: 'PNG',
  colorDepth: '8',
  transparent: false,
  denoise: false,
};
const plain = { blenderVersion: '3.4.1', fileVersion: '3.4', activeScene: 'Scene', missing: [], scripts: [] };
const blob = 'a'.repeat(64);

/** What follows from a probe that found this, for a job that was asked for like that. */
function after(found: object, asked: object = {}, inScene: object = {}): NextStep {
  const spec = BlenderSpec.parse({
    kind: 'blender',
    source: { blob, fileName: 'shot.blend' },
    main: 'shot.blend',
    files: [{ hash: blob, path: 'shot.blend', size: 1 }],
    fileVersion: '3.4',
    ...asked,
  });
  const result = BlenderProbe.parse({ ...plain, scenes: [{ ...scene, ...inScene }], ...found });
  const done = [{ ordinal: 0, spec: {}, result, files: [] }];
  const id = StageId.parse('stg_0123456789');
  const last = { id, name: 'probe', spec: {}, total: 1, done, failedCount: 0, failed: [], taskValue: null };
  const fleet = [{ kinds: ['blender'], 'blender.version': '3.4.1', 'blender.engines': ['CYCLES'] }];
  const context: PlanningContext<BlenderSpec> = { spec, given: null, decided: null, last, fleet };
  return blender.next(context);
}
const codes = (step: NextStep) => ('notes' in step ? step.notes.map((note) => note.code) : [step.step]);
const missing = [{ type: 'image', name: 'wood', path: '//wood.png' }];

test('a missing file is a warning, and the end where the job is strict', () => {
  assert.deepEqual(codes(after({ missing })), ['file-missing']);
  const strict = after({ missing: [...missing, ...missing] }, { strict: true });
  assert.ok(strict.step === 'fail' && /^Nothing was rendered.*"wood".*and 1 more is\.$/.test(strict.message));
  assert.equal(after({}, { strict: true }).step, 'stage');
});

test('Python drivers wait for a decision, unless it was made or the owner looks first', () => {
  const drivers = ['Arm'];
  const undecided = after({ drivers });
  assert.ok(undecided.step === 'fail' && undecided.code === 'scripts-undecided');
  assert.match(undecided.message, /^"Arm" is driven by Python expressions.*--scripts.*--no-scripts/);
  assert.deepEqual(codes(after({ drivers }, { scripts: true })), []);
  assert.deepEqual(codes(after({ drivers }, { scripts: false })), ['drivers-off']);
  const review = after({ drivers }, { review: true });
  assert.equal(review.step, 'await-settings');
  assert.deepEqual(codes(review), ['drivers-off']);
});

test('simulations that are not baked are played, and it is said', () => {
  const simulations = [{ type: 'cloth', object: 'Towel' }];
  const step = after({}, {}, { simulations });
  assert.ok(step.step === 'stage');
  assert.match(step.notes[0]?.message ?? '', /\(cloth on "Towel"\)\. Every worker plays it from its first/);
  assert.equal((step.settings as { simulate: boolean }).simulate, true);
  const off = after({}, { settings: { simulate: false } }, { simulations });
  assert.ok(off.step === 'stage' && /jump from frame to frame/.test(off.notes[0]?.message ?? ''));
});

test('what does not come back is said before anything is rendered', () => {
  const left = [
    { what: 'file-output', names: ['Masks', 'Depth'] },
    { what: 'sound', names: ['Voice'] },
  ];
  assert.deepEqual(codes(after({}, {}, { left })), ['left-out-file-output', 'left-out-sound']);
  // Without a video nobody misses its sound.
  assert.deepEqual(codes(after({}, { settings: { video: 'none' } }, { left })), ['left-out-file-output']);
  const hdr = after({}, {}, { format: 'HDR' });
  assert.ok(hdr.step === 'stage' && /Radiance HDR.*OPEN_EXR with 32 bits/.test(hdr.notes[0]?.message ?? ''));
  assert.deepEqual(codes(after({}, {}, { format: 'FFMPEG' })), []);
});

test('views, layers and sound come back, and it is said where they do not', () => {
  assert.deepEqual(codes(after({}, {}, { views: ['left', 'right'] })), ['several-views']);
  const left = [{ what: 'passes', names: ['z'] }];
  assert.deepEqual(codes(after({}, {}, { left, format: 'OPEN_EXR_MULTILAYER' })), []);
  const png = { format: 'PNG' as const };
  assert.deepEqual(codes(after({}, { settings: png }, { left, format: 'OPEN_EXR_MULTILAYER' })), [
    'left-out-passes',
  ]);
  const sounds = ['Voice'];
  const chunks = (step: NextStep) => (step.step === 'stage' ? step.stage.chunks.slice(0, 2) : []);
  const heard = after({}, { settings: { frames: '3-5' } }, { sounds });
  assert.deepEqual([codes(heard), chunks(heard)], [[], [{ frame: 3, sound: true }, { frame: 4 }]]);
  const gaps = after({}, { settings: { frames: '3-9x2' } }, { sounds });
  assert.deepEqual([codes(gaps), chunks(gaps)], [['left-out-sound'], [{ frame: 3 }, { frame: 5 }]]);
  assert.deepEqual(codes(after({}, { settings: { video: 'none' } }, { sounds })), []);
});

test('what a video does to the pictures is said', () => {
  const resolution = { resolutionX: 63, resolutionY: 36 };
  assert.deepEqual(codes(after({}, { settings: { ...resolution, transparent: true } })), [
    'video-over-black',
    'video-grown',
  ]);
  const step = after({}, { settings: resolution });
  assert.ok(step.step === 'stage' && /63 x 36 frames is 64 x 36 pixels/.test(step.notes[0]?.message ?? ''));
  const webm = { video: 'webm' as const, transparent: true };
  assert.deepEqual(codes(after({}, { settings: webm })), []);
});

test('a newer file needs a newer Blender, unless its owner insists', () => {
  const needs = (asked: object) => blender.first(BlenderSpec.parse({ ...spec, ...asked })).requirements;
  const spec = {
    kind: 'blender',
    source: { blob, fileName: 'a.blend' },
    main: 'a.blend',
    files: [{ hash: blob, path: 'a.blend', size: 1 }],
    fileVersion: '5.0',
  };
  assert.ok(needs({}).some(({ key }) => key === 'blender.version'));
  assert.ok(!needs({ openNewer: true }).some(({ key }) => key === 'blender.version'));
  assert.deepEqual(codes(after({}, { fileVersion: '5.0', openNewer: true })), ['newer-file']);
});
