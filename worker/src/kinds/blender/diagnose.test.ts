import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from './diagnose.ts';

const cases: [string, string | undefined][] = [
  ['CUDA error: Out of memory in cuMemAlloc(&device_pointer, size)', 'out-of-memory'],
  ['Malloc returns null: len=1234 in imb_addrect, total 99', 'out-of-memory'],
  ['Calloc array returns null: len=8x9 in x, total 1', 'out-of-memory'],
  ['System is out of GPU and shared host memory', 'out-of-memory'],
  ["terminate called after throwing an instance of 'std::bad_alloc'", 'out-of-memory'],
  ['Error: Build without OpenImageDenoiser', 'denoiser-unavailable'],
  ['Error: Cannot render, no camera', 'no-camera'],
  [
    'blender: epoxy_get_proc_address: Assertion `0 && "Couldn\'t find current GLX or EGL context.\\n"\' failed.',
    'engine-unavailable',
  ],
  ['Error: Render error (No space left on device) cannot save: /x.png', 'disk-full'],
  ['Managed to successfully fallback to surfaceless EGL rendering!', undefined],
  ["Saved: '/tmp/frame.png'", undefined],
];

for (const [line, code] of cases) {
  test(`reason behind "${line.slice(0, 50)}"`, () => {
    assert.equal(diagnose('', ['before', line, 'after'])?.code, code);
    assert.equal(diagnose(line, [])?.code, code);
  });
}
