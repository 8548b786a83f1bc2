import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProgress } from './progress.ts';

const STATUS = 'Fra:12 Mem:9.9M (Peak 10.8M) | Time:00:05.43 | Mem:0.75M, Peak:0.75M | Scene, ViewLayer';

const cases: [string, { fraction: number; detail: string } | null][] = [
  [`${STATUS} | Sample 17/64`, { fraction: 17 / 64, detail: 'Sample 17/64' }],
  [
    'Fra:-3 Mem:9.9M (Peak 10.8M) | Time:00:05.43 | Remaining:00:02.10 | Mem:0.75M, Peak:0.75M | Scene, View Layer | Rendered 3/8 Tiles, Sample 32/64',
    { fraction: 3.5 / 8, detail: 'Sample 32/64, tile 4/8' },
  ],
  [
    'Fra:1 Mem:11.08M (Peak 12.20M) | Time:00:00.36 | Rendering 26 / 64 samples',
    { fraction: 26 / 64, detail: 'Sample 26/64' },
  ],
  [`${STATUS} | Updating Geometry BVH Cube 1/1`, { fraction: 0, detail: 'Updating Geometry BVH Cube 1/1' }],
  ['Fra:1 Mem:11.07M (Peak 12.20M) | Time:00:00.09 | Syncing Cube', { fraction: 0, detail: 'Syncing Cube' }],
  ['00:01.327  render           | Sample 17/64', { fraction: 17 / 64, detail: 'Sample 17/64' }],
  [
    '00:12.014  render           | Fra: 7 | Mem: 12M | Rendering 4 / 64 samples',
    { fraction: 4 / 64, detail: 'Sample 4/64' },
  ],
  ["00:01.327  render           | Saved: '/path/0001.exr'", null],
  ["Saved: '/tmp/frame.png'", null],
  [' Time: 00:00.44 (Saving: 00:00.07)', null],
  ['Sample 17/64', null],
  ['', null],
];

for (const [line, expected] of cases) {
  test(`progress of "${line.slice(-48)}"`, () => assert.deepEqual(parseProgress(line), expected));
}
