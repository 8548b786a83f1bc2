import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { behind, floats, npyBytes, npzBytes, zipBytes } from '../data/npz.fixture.ts';
import { openWeights } from './open-weights.ts';

const PYTHON = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-open-weights-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function problem(bytes: Buffer): Promise<string | null> {
  const path = join(folder, 'weights.npz');
  await writeFile(path, bytes);
  const opened = await openWeights(path);
  if (!opened.ok) return opened.message;
  await opened.weights.close();
  return null;
}

/** Runs Python on the file that was looked at last. */
const python = async (lines: string): Promise<string> => {
  const args = ['-B', '-c', `import sys, zipfile, numpy as np\npath = sys.argv[1]\n${lines}`];
  return (await promisify(execFile)(PYTHON, [...args, join(folder, 'weights.npz')])).stdout.trim();
};

test('what has no form that weights may have is told by name', async () => {
  const w = floats([1, 2, 3, 4], [2, 2]);
  const bad: [Parameters<typeof npzBytes>[0], RegExp][] = [
    [{}, /^holds no arrays$/],
    [{ w: { ...w, fortran: true } }, /^holds "w" in Fortran order/],
    [{ w: { ...w, descr: '<f16', bytes: Buffer.alloc(64) } }, /^holds "w" of the type <f16, which is not/],
    [{ w: { ...w, descr: '>i4' } }, /^holds "w" of the type >i4, which is not known here$/],
    // Python takes the last of two entries, and its own kinds of strings and numbers.
    [{ w: { ...w, descr: "<f4', 'descr': '|O" } }, /header that cannot be read$/],
    [{ w: { ...w, descr: `<f4', "descr": '|O` } }, /header that cannot be read$/],
    [{ w: { ...w, descr: '<f4[x]' } }, /header that cannot be read$/],
    [{ __metadata__: w }, /a name that weights cannot have$/],
    [{ ['n'.repeat(1_025)]: w }, /^holds an array whose name has 1025 characters$/],
    [{ w: { ...w, shape: Array(65).fill(1) } }, /has more dimensions than an array can have$/],
  ];
  for (const [arrays, message] of bad) assert.match((await problem(await npzBytes(arrays))) ?? '', message);
  assert.equal(await problem(await npzBytes({ 'layers.0/bias': floats([1]), n: floats([], [0, 3]) })), null);
});

test('a header that NumPy does not read by itself is refused', async () => {
  const [short, values] = [npyBytes(floats([1])), 4];
  const text = `${short
    .toString('latin1', 10, short.length - values)
    .trimEnd()
    .padEnd(10_100)}\n`;
  const start = Buffer.from(short.subarray(0, 10));
  start.writeUInt16LE(text.length, 8);
  const long = Buffer.concat([start, Buffer.from(text), short.subarray(-values)]);
  assert.match(
    (await problem(await zipBytes([['w.npy', long]]))) ?? '',
    /^holds "w" with a header that is too/,
  );
  await assert.rejects(python('np.load(path)["w"]'), /max_header_size|large and may not be safe/);
});

test('an archive in which two programs find two tables of contents is refused', async () => {
  const [shown, hidden] = [await npzBytes({ w: floats([1, 1]) }), await npzBytes({ w: floats([6, 6]) })];
  const end = shown.subarray(-22);
  // The end names the place of the first table; Python takes the one that lies before the end.
  const two = Buffer.concat([shown.subarray(0, -22), hidden.subarray(0, -22), end]);
  assert.match((await problem(two)) ?? '', /^is no plain \.npz/);
  assert.equal(await python('print(np.load(path)["w"].tolist())'), '[6.0, 6.0]');

  const both = await npzBytes({ a: floats([1]), b: floats([2]) });
  const fewer = Buffer.from(both);
  fewer.writeUInt16LE(1, fewer.length - 12);
  fewer.writeUInt16LE(1, fewer.length - 14);
  assert.match((await problem(fewer)) ?? '', /^is no plain \.npz/);
  assert.equal(await python('print(np.load(path).files)'), "['a', 'b']");

  const comment = Buffer.concat([both, Buffer.from('note')]);
  comment.writeUInt16LE(4, both.length - 2);
  assert.match((await problem(comment)) ?? '', /^is no plain \.npz/);
  assert.match((await problem(Buffer.concat([both, Buffer.from('more')]))) ?? '', /^is damaged/);
  assert.match((await problem(Buffer.concat([Buffer.from('more'), both]))) ?? '', /^is (damaged|no plain)/);
});

test('an archive behind something else is refused, though its table of contents says so', async () => {
  const bytes = behind(Buffer.from('more'), await npzBytes({ w: floats([1]) }));
  assert.match((await problem(bytes)) ?? '', /^is no plain \.npz: something lies before/);
  assert.equal(await python('print(zipfile.ZipFile(path).namelist())'), "['w.npy']");
});

test('names that are no plain paths are refused', async () => {
  for (const name of ['a//b', '../b', '/b', 'a\\b']) {
    await python(`np.savez(path, **{${JSON.stringify(name)}: np.ones(3)})`);
    const opened = await openWeights(join(folder, 'weights.npz'));
    assert.ok(!opened.ok, name);
    assert.match(opened.message, /a name that weights cannot have$|under two names$/);
  }
});

test('an entry with a second name is refused', async () => {
  const path = join(folder, 'weights.npz');
  await writeFile(join(folder, 'w.npy'), npyBytes(floats([1])));
  await python(`
import struct, zlib
extra = lambda name: struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(b"raw.npy")) + name
info = zipfile.ZipInfo("raw.npy")
info.extra = extra(b"shown.npy")
with zipfile.ZipFile(path, "w") as file: file.writestr(info, open(${JSON.stringify(join(folder, 'w.npy'))}, "rb").read())`);
  const opened = await openWeights(path);
  assert.ok(!opened.ok);
  assert.match(opened.message, /^holds "shown" under two names$/);

  const renamed = await npzBytes({ w: floats([1]) });
  renamed.write('v', renamed.indexOf('w.npy'));
  assert.match((await problem(renamed)) ?? '', /^holds "w" under two names$/);
  await assert.rejects(python('np.load(path)["w"]'), /BadZipFile/);
});

test('what Python writes for more than 4 GB is read, here at a few bytes', async () => {
  await python(`
zipfile.ZIP64_LIMIT = 100
np.savez(path, a=np.zeros(50), b=np.ones(3))`);
  const path = join(folder, 'weights.npz');
  assert.equal(await python('print(open(path, "rb").read().count(b"PK\\x06\\x06"))'), '1');
  const opened = await openWeights(path);
  assert.ok(opened.ok, JSON.stringify(opened));
  assert.deepEqual([...opened.weights.npz.arrays.keys()], ['a', 'b']);
  await opened.weights.close();
});
