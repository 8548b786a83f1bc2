import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import { startTestFarm, storeBytes, type TestFarm } from '../../jobs/test-farm.fixture.ts';
import { floats, integers, npzBytes, zipBytes } from './data/npz.fixture.ts';
import { prepare } from './prepare.ts';
import { importedModules } from './script-imports.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
  await farm.addWorker({ kinds: ['training'], 'training.modules': ['numpy', 'torch'] });
  await farm.addWorker({ kinds: ['training'], 'training.modules': ['numpy', 'sklearn'] });
});
after(() => farm.stop());

const SCRIPT = 'import pilot\nimport numpy as np\n';
const CSV = Buffer.from('a,b\n1,2\n');

async function submit(given: {
  script?: string | Buffer;
  scriptName?: string;
  data?: Buffer | null;
  dataName?: string;
  settings?: object;
  localData?: string;
  code?: { bytes: Buffer; entry?: string };
}) {
  const { script = SCRIPT, scriptName = 'digits.py', data = CSV, dataName = 'digits.csv' } = given;
  const stored = await storeBytes(farm.parts, Buffer.from(script), 'text/plain');
  const store = async (bytes: Buffer) =>
    (await storeBytes(farm.parts, bytes, 'application/octet-stream')).hash;
  const { code } = given;
  const submission = {
    kind: 'training',
    script: { blob: stored.hash, fileName: scriptName },
    data: data === null ? null : { blob: await store(data), fileName: dataName },
    ...(given.localData === undefined ? {} : { localData: given.localData }),
    ...(code && {
      code: { blob: await store(code.bytes), fileName: 'src.zip', entry: code.entry ?? scriptName },
    }),
    settings: given.settings,
  };
  return prepare(farm.parts, submission, farm.by, {});
}

async function refusal(given: Parameters<typeof submit>[0]): Promise<string> {
  const prepared = await submit(given);
  assert.ok(!prepared.ok, `${JSON.stringify(given)} was taken`);
  return prepared.message;
}

test('what a script imports on its own lines', () => {
  const script = [
    '"""import docs',
    'import more_docs',
    '"""',
    'from __future__ import annotations',
    'import os, sys, torch.nn as nn, sklearn.datasets # import comment',
    'import numpy; import scipy.stats',
    'from PIL import Image',
    'from . import sibling',
    'from .cousin import thing',
    'import pilot',
    "text = '''",
    'import quoted',
    "''' # ''' import x",
    'import pandas as pd, \\',
    '    matplotlib.pyplot as plt',
    "say = \"it's ''' fine\"",
    'import einops',
    'try:',
    '    import cupy',
    'except ImportError: pass',
    'importlib = 1',
    'from_here = 2',
  ].join('\r\n');
  const names = ['torch', 'sklearn', 'numpy', 'scipy', 'PIL', 'pandas', 'matplotlib', 'einops'];
  assert.deepEqual(importedModules(script), names);
});

test('a submission becomes a spec with what was seen of its files', async () => {
  const data = await npzBytes({ X: floats([1, 2, 3, 4], [2, 2]), y: integers([0, 1]) });
  const prepared = await submit({ data, dataName: 'digits.npz' });
  assert.ok(prepared.ok, JSON.stringify(prepared));
  assert.equal(prepared.name, 'digits');
  const spec = TrainingSpec.parse(prepared.spec);
  assert.deepEqual([spec.modules, spec.data?.format, spec.data?.size], [['numpy'], 'npz', data.length]);
  assert.deepEqual(prepared.blobs, [spec.script.blob, spec.data?.blob]);
});

test('scripts that are none are refused with the reason', async () => {
  assert.match(await refusal({ script: '' }), /"digits\.py" .*: it is empty\.$/);
  assert.match(await refusal({ script: Buffer.from([0x69, 0xff, 0xfe]) }), /not text in UTF-8/);
  assert.match(await refusal({ scriptName: 'digits.ipynb' }), /does not end with \.py/);
  assert.match(
    await refusal({ script: `${SCRIPT}#${'x'.repeat(1024 ** 2)}` }),
    /has 1 MB, and 1 MB are the most/,
  );
  assert.match(await refusal({ script: 'import numpy\n' }), /does not import pilot/);
  const settings = { mode: 'diloco', compress: 'int8' };
  assert.match(
    await refusal({ settings }),
    /Mode diloco counts steps, and "digits\.py" never names pilot\.steps/,
  );
  const script = `${SCRIPT}for rows in pilot.steps(2): pass\n`;
  assert.ok((await submit({ script, settings: { ...settings, sparsify: 0.1 } })).ok);
  assert.match(await refusal({ script, settings: { sparsify: 0.1 } }), /sent as bf16 or int8: give compress/);
  assert.match(await refusal({ settings: { sparsify: 0.3 } }), /sparsify/);
});

test('a script no worker can run is refused, naming what is missing', async () => {
  assert.match(
    await refusal({ script: `${SCRIPT}import jax\n` }),
    /^The script imports "jax", which no worker of this farm has\./,
  );
  assert.match(
    await refusal({ script: `${SCRIPT}import torch, sklearn\n` }),
    /Each of them is on some worker, but no worker has all of them\./,
  );
});

test('data that cannot be split is refused before anything runs', async () => {
  assert.match(await refusal({ data: Buffer.alloc(0) }), /"digits\.csv" is empty\./);
  assert.match(await refusal({ dataName: 'digits.parquet' }), /not known here\. Send the data as \.npz/);
  assert.match(await refusal({ dataName: 'digits.npz' }), /is not the \.npz file that its name says/);
  const npz = async (arrays: Parameters<typeof npzBytes>[0], settings = {}) =>
    refusal({ data: await npzBytes(arrays), dataName: 'd.npz', settings });
  assert.match(
    await npz({ X: floats([1, 2]), y: integers([1, 2, 3]) }),
    /the array "X" has 2 rows, and "y" has 3\./,
  );
  assert.match(
    await npz({ X: { descr: '|O', shape: [2], bytes: Buffer.from('\x80') } }),
    /"X" holds pickled objects \(dtype object\), which are programs, not data/,
  );
  const wide = { ...floats(Array(70_000).fill(1), [1, 70_000]), fortran: true };
  assert.match(await npz({ X: wide }), /Fortran order\), with too many columns/);
  const csv = (text: string) => refusal({ data: Buffer.from(text), dataName: 'd.csv' });
  assert.match(await csv('a,y\n1,0\n2,\n'), /^Line 3 of "d\.csv" has no label.* Set missing to drop/);
  assert.match(await csv('a,y\n1,0\nNA,1\n'), /^Line 3 of "d\.csv" has no value in the column "a"/);
  assert.match(
    await csv('day,y\n2020-01-01,0\n'),
    /holds text: "2020-01-01" in line 2\. Name such columns in drop/,
  );
  assert.match(await npz({ X: floats([1, 2], [3]) }), /not as many bytes as its shape says/);
  assert.match(
    await npz({ X: floats([1, 2]) }, { label: 'z' }),
    /has no array "z" for the labels; it has X\./,
  );
  const cut = (await npzBytes({ X: floats([1, 2]) })).subarray(0, 100);
  assert.match(await refusal({ data: cut, dataName: 'd.npz' }), /damaged or cut short/);
  const zip = async (...names: string[]) =>
    refusal({ data: await zipBytes(names.map((name) => [name, CSV])), dataName: 'd.zip' });
  assert.match(await zip('cats/1.png', '2.png'), /"2\.png" lies in no folder/);
  assert.match(await zip('cats/1.png', 'cats/1.PNG'), /names that differ in case alone/);
});

test('files beside a script: what they need is asked of workers, and none of them is a module that is missing', async () => {
  const files = (more: [string, string][]) =>
    zipBytes(
      [['nets.py', 'import torch\n'], ['old.py', 'import jax\n'], ...more].map(([name, text]) => [
        name ?? '',
        Buffer.from(text ?? ''),
      ]),
    );
  const script = `${SCRIPT}import nets\n`;
  const prepared = await submit({ script, code: { bytes: await files([]) } });
  assert.ok(prepared.ok, JSON.stringify(prepared));
  const spec = TrainingSpec.parse(prepared.spec);
  assert.deepEqual([spec.modules.toSorted(), spec.code?.entry], [['numpy', 'torch'], 'digits.py']);
  assert.ok(spec.code !== null && prepared.blobs.includes(spec.code.blob));
  assert.match(await refusal({ script }), /"nets", which no worker .* sent along with --code\./);
  const deeper = await files([['deep/a.py', 'import sklearn']]);
  assert.match(
    await refusal({ script: `${script}from deep import a\n`, code: { bytes: deeper } }),
    /no worker has all of them/,
  );
  assert.match(await refusal({ code: { bytes: Buffer.from('no zip') } }), /^"src\.zip" cannot be unpacked/);
  assert.match(
    await refusal({ code: { bytes: await files([]), entry: '../a.py' } }),
    /stays inside its folder/,
  );
});

test('files beside a script that lead out of their folder, or are too many or too large, are refused', async () => {
  const renamed = await zipBytes([['aa/evil.py', Buffer.from('import os')]]);
  for (let at = renamed.indexOf('aa/'); at >= 0; at = renamed.indexOf('aa/'))
    renamed.write('../', at, 'latin1');
  assert.match(await refusal({ code: { bytes: renamed } }), /leads out of its folder/);
  const many = Array.from({ length: 2_001 }, (_, at): [string, Buffer] => [`${at}.py`, Buffer.from('1')]);
  assert.match(
    await refusal({ code: { bytes: await zipBytes(many) } }),
    /2,001 entries, and 2,000 are the most/,
  );
  const large = await zipBytes([['a.bin', Buffer.alloc(33 * 1024 ** 2)]]);
  assert.match(await refusal({ code: { bytes: large } }), /unpacked it would take 33 MB, which is too much/);
});

test('without data there is a shard for each worker that can run the script, or as many as are asked for', async () => {
  const shardsOf = async (settings: object, script = SCRIPT) => {
    const prepared = await submit({ data: null, settings, script });
    assert.ok(prepared.ok, JSON.stringify(prepared));
    const spec = TrainingSpec.parse(prepared.spec);
    assert.equal(spec.data, null);
    return spec.settings.shards;
  };
  assert.equal(await shardsOf({ shards: null }), 2);
  assert.equal(await shardsOf({ shards: null }, `${SCRIPT}import torch\n`), 1);
  assert.equal(await shardsOf({ shards: 7 }), 7);
});

test('a script that may call pilot.once is known by its text, or by that of a file beside it', async () => {
  const once = async (script: string, beside?: string) => {
    const files: [string, Buffer][] = [
      ['digits.py', Buffer.from(script)],
      ['words.py', Buffer.from(beside ?? '')],
    ];
    const code = beside === undefined ? {} : { code: { bytes: await zipBytes(files) } };
    const prepared = await submit({ script, ...code });
    assert.ok(prepared.ok, JSON.stringify(prepared));
    return (prepared.spec as TrainingSpec).once;
  };
  assert.equal(await once(`${SCRIPT}scale = pilot.once(make)\n`), true);
  assert.equal(await once('import numpy\nimport pilot as p\nscale = p.once(make)\n'), true);
  assert.equal(await once('from pilot import data, once\n'), true);
  assert.equal(await once(`${SCRIPT}# at once, pilot.once\nprint("pilot.once")\nonce = 1\n`), false);
  assert.equal(await once(`${SCRIPT}import words\n`, 'import pilot\nwords = pilot.once(dict)\n'), true);
});

test('local data is refused where too few lend it, and with what is about data in one place', async () => {
  await farm.addWorker({ kinds: ['training'], 'training.modules': ['numpy'], [LENT_DATA]: ['wards'] });
  await farm.addWorker({ kinds: ['command'], [LENT_DATA]: ['notes'] });
  const local = (localData: string, more: object = {}) => refusal({ data: null, localData, ...more });
  assert.match(await local('scans'), /^No worker that is connected lends data as "scans" to your team\./);
  assert.match(await local('notes'), /^The only worker that lends "notes" cannot run this script/);
  assert.match(
    await local('wards', { settings: { shards: 2 } }),
    /^Only one worker that is connected lends "wards" and can run the script, and 2 shards are asked for\./,
  );
  assert.match(await local('wards', { data: CSV }), /give no other with it/);
  assert.match(await local('wards', { settings: { weighting: 'speed' } }), /leave weighting out/);
  assert.match(await local('wards', { script: `${SCRIPT}pilot.once(f)\n` }), /pilot\.once/);
  const prepared = await submit({ data: null, localData: 'wards' });
  assert.equal(prepared.ok && TrainingSpec.parse(prepared.spec).settings.shards, 1);
});
