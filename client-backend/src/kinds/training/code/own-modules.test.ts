import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignModules } from './own-modules.ts';

const foreign = (entry: string, files: Record<string, string>) =>
  foreignModules(entry, new Map(Object.entries(files))).toSorted();

test('modules that a script needs through its own files, and none of the files that it does not reach', () => {
  const files = {
    'train.py':
      'import pilot, helpers\nfrom nets import cnn\nfrom nets.parts.norm import (\n    Norm,\n)\nimport numpy\n',
    'helpers.py': 'import pandas as pd\nimport os\n',
    'nets/__init__.py': 'import einops\n',
    'nets/cnn.py': 'import torch\nfrom .parts import block\nfrom . import extra\n',
    'nets/extra.py': 'import scipy.stats\n',
    'nets/parts/block.py': 'from ..deep import thing\n',
    'nets/parts/norm.py': 'import jax\n',
    'nets/deep.py': 'import sklearn\n',
    'nets/unused.py': 'import tensorflow\n',
    'tests/test_all.py': 'import pytest\n',
  };
  assert.deepEqual(foreign('train.py', files), [
    'einops',
    'jax',
    'numpy',
    'pandas',
    'scipy',
    'sklearn',
    'torch',
  ]);
});

test('own modules lie beside the script or in the folder of all, and may import each other', () => {
  const files = {
    'scripts/train.py': 'import beside\nimport package.a\nimport missing\n',
    'scripts/beside.py': 'import package\n',
    'package/a.py': 'from package import b\n',
    'package/b.py': 'from package import a\nfrom . import a\n',
  };
  assert.deepEqual(foreign('scripts/train.py', files), ['missing']);
});

test('lines of dots and names without end are read to their end', () => {
  const line = `from ${'.'.repeat(9_000)} x\nimport ${'a.'.repeat(4_000)}\nfrom ${'.'.repeat(4_000)}${'b.'.repeat(2_000)} import c\n`;
  assert.deepEqual(foreign('train.py', { 'train.py': line.repeat(100) }), ['a']);
});
