import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type FixtureArray, floats, integers, npzBytes } from '../data/npz.fixture.ts';
import { inspectDelta } from './inspect-delta.ts';
import type { Inspection } from './inspect-weights.ts';

let folder: string;
let base: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-delta-'));
  base = join(folder, 'base.npz');
  await writeFile(base, await npzBytes({ w: floats([1, 2, 3, 4], [2, 2]), n: integers([5]) }));
});
after(() => rm(folder, { recursive: true, force: true }));

const watched = { signal: new AbortController().signal, onBytes: () => undefined };
async function inspect(
  given: Record<string, FixtureArray> | Buffer,
  compress: 'bf16' | 'int8' = 'int8',
  more: { base?: string; sparsify?: number } = {},
): Promise<Inspection> {
  const path = join(folder, 'update.npz');
  await writeFile(path, Buffer.isBuffer(given) ? given : await npzBytes(given));
  return inspectDelta(path, { base, compress, sparsify: null, ...more }, watched);
}
const problem = async (...given: Parameters<typeof inspect>): Promise<string> => {
  const inspection = await inspect(...given);
  return inspection.ok ? `accepted, with a change of ${inspection.change}` : inspection.message;
};
const array = (descr: string, bytes: Uint8Array, shape: number[]): FixtureArray => ({
  descr,
  shape,
  bytes: Buffer.from(bytes.buffer),
});
const numbers = array('|i1', new Uint8Array([3, 0, 0, 252]), [2, 2]);
const halves = (values: number[]) => array('<u2', new Uint8Array(new Uint16Array(values).buffer), [2, 2]);
const n = integers([5]);

test('what deltas.py writes is in order, and its change is that of the weights', async () => {
  const python = fileURLToPath(new URL('../../../../../worker/src/kinds/training/python', import.meta.url));
  for (const [compress, sparsify] of [
    ['bf16', null],
    ['int8', null],
    ['bf16', 0.1],
    ['int8', 0.01],
  ] as const) {
    const [start, update] = ['start', 'update'].map((name) => JSON.stringify(join(folder, `${name}.npz`)));
    const script = `import numpy as np, sys
from pilot_worker import deltas
start = {"w": np.zeros((700, 1000), np.float32), "e": np.zeros(0, np.float32), "s": np.zeros((), np.float16), "n": np.zeros(3, int), "a.running_var": np.zeros(2)}
np.savez(${start}, **start)
new = {"w": np.random.default_rng(1).normal(size=(700, 1000)).astype(np.float32), "e": start["e"], "s": np.float16(2), "n": start["n"], "a.running_var": np.full(2, 3.0)}
share = ${sparsify ?? 'None'}
deltas.save(${update}, "${compress}", [(name, np.asarray(one)) for name, one in new.items()], start, {}, (), share)
sent = new["w"] if share is None else np.where(deltas.decoded(np.load(${update}), "w", new["w"].shape, share) == 0, 0, new["w"])
print(np.sqrt((sent.astype(float) ** 2).sum() + 4 + 18))`;
    const { stdout } = await promisify(execFile)(
      process.env.PILOT_PYTHON ?? '/usr/bin/python3',
      ['-B', '-c', script],
      { env: { PYTHONPATH: python } },
    );
    const at = join(folder, 'update.npz');
    const found = await inspectDelta(at, { base: join(folder, 'start.npz'), compress, sparsify }, watched);
    assert.ok(found.ok, found.ok ? '' : found.message);
    const change = found.change ?? 0;
    assert.ok(Math.abs(change / Number(stdout) - 1) < 1e-3, `${compress}, ${sparsify}: ${change}, ${stdout}`);
  }
});

test('counts of rows come beside the differences', async () => {
  const path = join(folder, 'counted.npz');
  const told = async (name: string, counts: FixtureArray, countsRows = true) => {
    const good = { 'int8/w': numbers, 'scale/w': floats([0.5]), 'full/n': n };
    await writeFile(path, await npzBytes({ ...good, [name]: counts }));
    const found = await inspectDelta(path, { base, compress: 'int8', sparsify: null, countsRows }, watched);
    return found.ok ? found.change : found.message;
  };
  assert.equal(await told('seen/w', floats([3, 0])), 2.5);
  assert.equal(await told('seen/w', floats([3, 0]), false), 'holds an array "seen/w" that nobody asked for');
  assert.equal(await told('seen/w', floats([3])), 'holds "seen/w" in the shape (1), not (2)');
  assert.equal(await told('seen/w', floats([3, -1])), 'holds counts in "seen/w" that are negative');
});

test('an update of another form, or of numbers that are none, is told', async () => {
  const good = { 'int8/w': numbers, 'scale/w': floats([0.5]), 'full/n': n };
  assert.equal(await problem(good), 'accepted, with a change of 2.5');
  assert.equal(await problem({ 'full/n': n }), 'lacks the array "int8/w"');
  assert.equal(await problem({ 'int8/w': numbers, 'full/n': n }), 'lacks the array "scale/w"');
  assert.equal(await problem(good, 'bf16'), 'lacks the array "bf16/w"');
  assert.equal(
    await problem({ ...good, 'scale/w': floats([1, 2]) }),
    'holds "scale/w" as <f4 in the shape (2)',
  );
  assert.match(await problem({ ...good, 'int8/w': { ...numbers, shape: [4] } }), /holds "int8\/w" as \|i1/);
  assert.equal(
    await problem({ ...good, 'scale/w': floats([Number.NaN]) }),
    'holds values that are not finite in "scale/w"',
  );
  assert.equal(
    await problem({ ...good, 'bf16/w': halves([0, 0, 0, 0]) }),
    'holds an array "bf16/w" that nobody asked for',
  );
  assert.equal(await problem({ ...good, w: floats([1]) }), 'holds an array "w" that nobody asked for');
  // 2 and -1 as bfloat16; then infinite.
  assert.equal(
    await problem({ 'bf16/w': halves([0x4000, 0, 0, 0xbf80]), 'full/n': n }, 'bf16'),
    `accepted, with a change of ${Math.sqrt(5)}`,
  );
  assert.match(
    await problem({ 'bf16/w': halves([0x7f80, 0, 0, 0]), 'full/n': n }, 'bf16'),
    /not finite in "bf16\/w"/,
  );
  const flipped = await npzBytes(good);
  flipped[flipped.indexOf(numbers.bytes)] = 1;
  assert.equal(await problem(flipped), 'is damaged: the checksum of "int8/w" does not fit');
  assert.match(await problem(Buffer.from('nonsense')), /^is damaged or cut short/);
});

test('of the largest alone, positions are as many as the job asks for and ascend within their blocks', async () => {
  const share = 0.001;
  const wide = join(folder, 'wide.npz');
  await writeFile(wide, await npzBytes({ w: floats(Array.from({ length: 4_100 }, () => 0)) }));
  // Two blocks of 2,048 with three each, and one of the four that are left.
  const at = (positions: number[]) =>
    array('<u2', new Uint8Array(new Uint16Array(positions).buffer), [positions.length]);
  const places = [0, 5, 2_047, 0, 1, 2, 3];
  const good = {
    'at/w': at(places),
    'int8/w': array('|i1', new Uint8Array([3, 0, 0, 0, 4, 0, 6]), [7]),
    'scale/w': floats([1, 2, 1]),
  };
  const told = (given: Record<string, FixtureArray>, sparsify: number | null = share) =>
    problem({ ...good, ...given }, 'int8', { base: wide, ...(sparsify !== null && { sparsify }) });
  assert.equal(await told({}), `accepted, with a change of ${Math.sqrt(9 + 64 + 36)}`);
  const order = 'holds positions in "at/w" that do not ascend within their blocks';
  for (const [index, position] of [
    [1, 0],
    [2, 4],
    [2, 2_048],
    [5, 65_535],
    [6, 4],
  ] as const)
    assert.equal(await told({ 'at/w': at(places.with(index, position)) }), order, `${position} at ${index}`);
  assert.equal(await told({ 'at/w': at([...places, 3]) }), 'holds "at/w" as <u2 in the shape (8)');
  assert.equal(await told({ 'int8/w': numbers }), 'holds "int8/w" as |i1 in the shape (2, 2)');
  assert.equal(await told({ 'scale/w': floats([1, 2]) }), 'holds "scale/w" as <f4 in the shape (2)');
  assert.match(await told({ 'scale/w': floats([1, Number.NaN, 1]) }), /not finite in "scale\/w"/);
  assert.equal(await told({}, null), 'holds "int8/w" as |i1 in the shape (7)');
  const { 'at/w': _, ...nowhere } = good;
  const without = await problem(nowhere, 'int8', { base: wide, sparsify: share });
  assert.equal(without, 'lacks the array "at/w"');
  const halved = { 'at/w': at(places), 'bf16/w': at([0x4000, 0, 0, 0, 0, 0, 0x7fc0]) };
  assert.match(
    await problem(halved, 'bf16', { base: wide, sparsify: share }),
    /holds values that are not finite in "bf16\/w"/,
  );
});
