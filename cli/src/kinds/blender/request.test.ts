import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFlags } from './request.ts';

describe('options of pilot render', () => {
  test('become the settings of the job', () => {
    const read = readFlags({
      frames: '1-10,20',
      engine: 'EEVEE',
      samples: '64',
      resolution: '1920x1080',
      percentage: '50%',
      format: 'jpg',
      depth: '8',
      video: 'webm',
      denoise: 'off',
      transparent: true,
      fps: '24000/1001',
      simulate: false,
      scripts: true,
      ignoreScriptErrors: true,
      strict: true,
      openNewer: true,
      stopOnFailure: true,
      main: 'shots/a.blend',
    });
    assert.deepEqual(read, {
      ok: true,
      request: {
        settings: {
          frames: '1-10,20',
          engine: 'BLENDER_EEVEE',
          samples: 64,
          resolutionX: 1920,
          resolutionY: 1080,
          percentage: 50,
          format: 'JPEG',
          colorDepth: '8',
          video: 'webm',
          denoise: 'off',
          transparent: true,
          fps: 24000 / 1001,
          simulate: false,
        },
        scripts: true,
        scriptErrors: 'ignore',
        strict: true,
        openNewer: true,
        onFailure: 'stop',
        main: 'shots/a.blend',
      },
    });
  });

  test('left out say nothing, so that the file decides', () => {
    assert.deepEqual(readFlags({}), { ok: true, request: { settings: {} } });
  });

  const refused: [string, Parameters<typeof readFlags>[0], RegExp][] = [
    ['frames', { frames: '1-10,abc' }, /^--frames: "abc" at character 6: this is not a frame or a range/],
    ['resolution', { resolution: '1920' }, /^--resolution 1920: write width x height.*1920x1080/],
    ['a resolution of no size', { resolution: '0x10' }, /^--resolution 0x10/],
    ['engine', { engine: 'luxcore' }, /^--engine luxcore: choose one of cycles, eevee, workbench\.$/],
    ['format', { format: 'bmp' }, /^--format bmp: choose one of png, jpeg, exr, exr-layers, tiff\.$/],
    ['samples', { samples: '0' }, /^--samples 0: write a whole number from 1 to 1,000,000\.$/],
    ['percentage', { percentage: '12.5' }, /^--percentage 12\.5: write a whole number/],
    ['depth', { format: 'jpeg', depth: '16' }, /^--depth 16: images of this format have 8 bits/],
    ['video', { video: 'avi' }, /^--video avi: choose one of mp4, webm, mov, none\.$/],
    ['fps', { fps: '24/0' }, /^--fps 24\/0: write frames per second/],
    ['main', { main: '../up.blend' }, /^--main \.\.\/up\.blend: write the path/],
  ];
  for (const [what, flags, sentence] of refused) {
    test(`with a bad ${what} get a sentence`, () => {
      const read = readFlags(flags);
      assert.match(read.ok ? 'accepted' : read.message, sentence);
    });
  }
});
