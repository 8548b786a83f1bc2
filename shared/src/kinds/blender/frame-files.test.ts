import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framePictures } from './frame-files.ts';

const SIZE = { resolutionX: 64, resolutionY: 36, percentage: 100 };
const suffixes = (views: string[]) =>
  framePictures({ format: 'PNG', views, ...SIZE }).map(({ suffix }) => suffix);

test('each view has a name of its own, also where its characters cannot stand in a file name', () => {
  assert.deepEqual(suffixes([]), ['']);
  assert.deepEqual(suffixes(['left', 'Höhe 2']), ['_left', '_Höhe 2']);
  assert.deepEqual(suffixes(['a:b', 'a?b']), ['_a:b_1', '_a?b_2']);
});
