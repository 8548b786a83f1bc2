import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { RenderOverrides } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { editsOf } from '../../components/draft.ts';
import {
  firstValues,
  presetOf,
  problemsOf,
  refusedFields,
  renderedPixels,
  sceneOf,
  valuesOfScene,
  withEdits,
  withPreset,
} from './form-values.ts';

const scene = {
  name: 'Scene',
  cameras: ['Camera'],
  camera: 'Camera',
  frameStart: 1,
  frameEnd: 10,
  frameStep: 2,
  fps: 23.976023976,
  resolutionX: 1_921,
  resolutionY: 1_081,
  percentage: 50,
  engine: 'BLENDER_RENDER',
  samples: null,
  format: 'FFMPEG',
  colorDepth: '16',
  transparent: false,
  denoise: true,
};
const probe = BlenderProbe.parse({
  blenderVersion: '3.4.1',
  fileVersion: '2.77',
  scenes: [scene, { ...scene, name: 'Second', camera: null, cameras: [] }],
  activeScene: 'Scene',
  missing: [],
  scripts: [],
});

test('the form begins with the file’s own values, as far as the farm knows them', () => {
  const values = firstValues(probe, { settings: null, overrides: {} });
  assert.equal(values.frames, '1-10x2');
  assert.equal(values.format, 'PNG');
  assert.equal(values.colorDepth, '16');
  assert.equal(values.engine, 'BLENDER_EEVEE');
  assert.equal(values.fps, 23.976);
  assert.deepEqual(problemsOf(values), {});
  assert.ok(RenderOverrides.safeParse(values).success);
  assert.deepEqual(renderedPixels(values), { width: 960, height: 540 });
});

test('what was offered for the job comes before the file’s own values', () => {
  const values = firstValues(probe, {
    settings: { frames: '5', format: 'JPEG', engine: 'CYCLES', denoise: false } as never,
    overrides: { denoise: 'off' },
  });
  assert.equal(values.frames, '5');
  assert.equal(values.engine, 'CYCLES');
  assert.equal(values.colorDepth, '8');
  assert.equal(values.denoise, 'off');
});

test('what the farm would refuse is told at its field', () => {
  const values = { ...valuesOfScene(sceneOf(probe, 'Second')), frames: '1-x', percentage: '' as never };
  const problems = problemsOf(values);
  assert.match(problems.frames ?? '', /"1-x"/);
  assert.match(problems.camera ?? '', /no camera/);
  assert.match(problems.percentage ?? '', /whole number/);
  assert.deepEqual(Object.keys(problems).sort(), ['camera', 'frames', 'percentage']);
});

test('what was changed stays changed when another scene is chosen, all but the camera it does not have', () => {
  const first = valuesOfScene(sceneOf(probe, 'Scene'));
  const second = valuesOfScene(sceneOf(probe, 'Second'));
  const changed = { ...first, samples: 7, frames: '3', camera: 'Other' };
  const values = withEdits(probe, second, editsOf(changed, first));
  assert.deepEqual(values, { ...second, samples: 7, frames: '3' });
});

test('a preset keeps how to render and what comes out, and nothing of the file; what it holds of another version is left out', () => {
  const first = valuesOfScene(sceneOf(probe, 'Scene'));
  const kept = presetOf({ ...first, samples: 7, frames: '3', format: 'JPEG', percentage: 25 });
  const target = {
    ...first,
    engine: 'BLENDER_EEVEE_NEXT',
    frames: '1-2',
    scene: 'Second',
    camera: null,
  } as const;
  const values = withPreset(target, { ...kept, engine: 'BLENDER_EEVEE', percentage: -4, unheardOf: 1 });
  assert.deepEqual(values, {
    ...target,
    samples: 7,
    format: 'JPEG',
    colorDepth: '8',
    percentage: first.percentage,
  });
});

test('a refusal of the farm stands at the fields that it names', () => {
  const refused = (detail: string, code = 'bad-settings') => refusedFields({ code, detail });
  assert.deepEqual(
    refused(
      'The request is not valid. percentage: Too small: expected number to be >=1.5. fps: Invalid input. other: No.',
    ),
    { percentage: 'Too small: expected number to be >=1.5.', fps: 'Invalid input.' },
  );
  const scene = "The scene's resolutionX is 90000, which the farm does not render. Choose another value.";
  assert.deepEqual(refused(scene), { resolutionX: scene });
  assert.deepEqual(refused('"1-x" is no frame.', 'bad-frames'), { frames: '"1-x" is no frame.' });
  assert.deepEqual(refused('The job changed meanwhile.', 'not-allowed'), {});
});
