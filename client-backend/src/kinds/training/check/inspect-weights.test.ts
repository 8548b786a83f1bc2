import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type FixtureArray, floats, integers, npzBytes } from '../data/npz.fixture.ts';
import { type Inspection, inspectWeights } from './inspect-weights.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-weights-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const WATCHED = { signal: new AbortController().signal, onBytes: () => undefined };

async function fileOf(name: string, given: Record<string, FixtureArray> | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, Buffer.isBuffer(given) ? given : await npzBytes(given));
  return path;
}

const start = { w: floats([1, 2, 3, 4], [2, 2]), steps: integers([7], []) };

async function inspect(given: Record<string, FixtureArray> | Buffer, base = start): Promise<Inspection> {
  const path = await fileOf('update.npz', given);
  return inspectWeights(path, await fileOf('start.npz', base), WATCHED);
}

async function problem(given: Record<string, FixtureArray> | Buffer, base = start): Promise<string> {
  const inspection = await inspect(given, base);
  assert.ok(!inspection.ok, 'it was accepted');
  return inspection.message;
}

const of = (descr: string, values: ArrayBufferView): FixtureArray => ({
  descr,
  shape: [2],
  bytes: Buffer.from(values.buffer, values.byteOffset, values.byteLength),
});

test('the change is the distance to the start, of floating-point numbers alone', async () => {
  const moved = { w: floats([1, 5, 3, 8], [2, 2]), steps: integers([9], []) };
  assert.deepEqual(await inspect(moved), { ok: true, change: 5 });
  assert.deepEqual(await inspect(start), { ok: true, change: 0 });
  const path = await fileOf('alone.npz', moved);
  assert.deepEqual(await inspectWeights(path, null, WATCHED), { ok: true, change: null });
});

test('a value that is not finite is found in every width, with and without a start', async () => {
  const whole = [
    of('<f2', new Float16Array([1, 2])),
    of('<f4', new Float32Array([1, 2])),
    of('<f8', new Float64Array([1, 2])),
  ];
  const broken = [
    of('<f2', new Float16Array([1, Number.NaN])),
    of('<f4', new Float32Array([Number.POSITIVE_INFINITY, 2])),
    of('<f8', new Float64Array([1, Number.NEGATIVE_INFINITY])),
  ];
  for (const [index, value] of broken.entries()) {
    const base = { 'a.b': whole[index] as FixtureArray };
    assert.equal(await problem({ 'a.b': value }, base as never), 'holds values that are not finite in "a.b"');
    const alone = await inspectWeights(await fileOf('alone.npz', { 'a.b': value }), null, WATCHED);
    assert.ok(!alone.ok);
  }
});

test('what has another form than the start is told by name', async () => {
  const w = floats([1, 2, 3, 4], [2, 2]);
  const { steps } = start;
  assert.equal(await problem({ w }), 'lacks the array "steps"');
  assert.equal(await problem({ w: floats([1, 2, 3, 4]), steps }), 'holds "w" in the shape (4), not (2, 2)');
  assert.equal(await problem({ w: integers([1, 2, 3, 4], [2, 2]), steps }), 'holds "w" as <i8, not <f4');
  assert.equal(await problem({ w, steps, x: w }), 'holds an array "x" that was not there at the start');
  assert.match(await problem({ w: { ...w, descr: '|O' }, steps }), /"w" of the type \|O, which is no number/);
  assert.match(
    await problem({ w: { ...w, descr: '>f4' }, steps }),
    /"w" of the type >f4, which is not known/,
  );
});

test('counts of rows are taken for arrays that are there, and bad ones are told', async () => {
  const base = await fileOf('counted-start.npz', start);
  const told = async (more: Record<string, FixtureArray>, countsRows = true) => {
    const found = await inspectWeights(
      await fileOf('counted.npz', { ...start, w: floats([1, 5, 3, 8], [2, 2]), ...more }),
      base,
      WATCHED,
      countsRows,
    );
    return found.ok ? found.change : found.message;
  };
  const counts = floats([900, 0]);
  assert.equal(await told({ 'seen/w': counts }), 5, 'they are no change of the weights');
  assert.equal(await told({ 'seen/w': of('<f8', new Float64Array([1e300, 0.5])) }), 5);
  assert.equal(
    await told({ 'seen/w': counts }, false),
    'holds an array "seen/w" that was not there at the start',
  );
  assert.equal(await told({ 'seen/w': floats([1, 2, 3]) }), 'holds "seen/w" in the shape (3), not (2)');
  assert.equal(await told({ 'seen/w': integers([1, 2]) }), 'holds "seen/w" as <i8, not <f4 or <f8');
  assert.equal(await told({ 'seen/w': floats([1, -1]) }), 'holds counts in "seen/w" that are negative');
  assert.match(
    String(await told({ 'seen/w': floats([1, Number.NaN]) })),
    /values that are not finite in "seen\/w"/,
  );
  assert.match(
    String(await told({ 'seen/x': counts })),
    /"seen\/x", counts of the rows of an array that was not/,
  );
  assert.match(
    String(await told({ 'seen/steps': counts })),
    /"seen\/steps", counts of rows of an array that has no/,
  );
  const named = { ...start, 'seen/w': floats([-1, 2, 3]) };
  assert.deepEqual(
    await inspectWeights(await fileOf('a.npz', named), await fileOf('b.npz', named), WATCHED, true),
    { ok: true, change: 0 },
    'a weight of such a name is a weight',
  );
});

test('a file that is no stored .npz is told', async () => {
  assert.match(await problem(Buffer.from('nonsense')), /^is damaged or cut short/);
  assert.match(await problem((await npzBytes(start)).subarray(0, 300)), /^is damaged or cut short/);
  assert.match(await problem(await npzBytes(start, { store: false })), /^holds "w" compressed, not stored$/);
  const flipped = await npzBytes(start);
  const values = flipped.indexOf(start.w.bytes);
  flipped[values] = 1;
  assert.equal(await problem(flipped), 'is damaged: the checksum of "w" does not fit');
});

test('a large file is read block by block, and others have their turn in between', async () => {
  const values = new Float32Array(8_000_000).fill(0.5);
  const large = (last: number): FixtureArray => {
    const bytes = Buffer.from(values.slice().buffer);
    bytes.writeFloatLE(last, bytes.length - 4);
    return { descr: '<f4', shape: [values.length], bytes };
  };
  const path = await fileOf('large.npz', { w: large(3.5) });
  const base = await fileOf('large-start.npz', { w: large(0.5) });
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 0);
  const read: number[] = [];
  const inspection = await inspectWeights(path, base, { ...WATCHED, onBytes: (count) => read.push(count) });
  clearInterval(timer);
  assert.deepEqual(inspection, { ok: true, change: 3 });
  assert.equal(read.length, Math.ceil(32e6 / 1024 ** 2));
  assert.ok(turns >= 5, `others had ${turns} turns`);
});
