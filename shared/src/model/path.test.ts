import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSafeRelativePath } from './path.ts';

test('paths that stay inside their folder', () => {
  for (const path of ['scene.blend', 'textures/wood grain.png', 'a/b/c', '..hidden', 'äöü.png']) {
    assert.ok(isSafeRelativePath(path), path);
  }
});

test('paths that would leave it, or that another system reads otherwise', () => {
  for (const path of [
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    'a/',
    './a',
    'C:/x',
    'c:x',
    'a\\..\\b',
    'a\u0000b',
  ]) {
    assert.ok(!isSafeRelativePath(path), JSON.stringify(path));
  }
});
