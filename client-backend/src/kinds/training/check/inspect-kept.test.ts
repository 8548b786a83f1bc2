import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type FixtureArray, floats, integers, npzBytes } from '../data/npz.fixture.ts';
import { inspectKept } from './inspect-kept.ts';
import type { Inspection } from './inspect-weights.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-kept-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function inspect(given: Record<string, FixtureArray> | Buffer): Promise<Inspection> {
  const path = join(folder, 'kept.npz');
  await writeFile(path, Buffer.isBuffer(given) ? given : await npzBytes(given));
  return inspectKept(path, { signal: new AbortController().signal, onBytes: () => undefined });
}
async function problem(given: Record<string, FixtureArray> | Buffer): Promise<string> {
  const inspection = await inspect(given);
  assert.ok(!inspection.ok, 'it was accepted');
  return inspection.message;
}

const bytes = (text: string): FixtureArray => ({
  descr: '|u1',
  shape: [text.length],
  bytes: Buffer.from(text),
});
const text = bytes('{"about": null, "items": []}');

test('what pilot_state.py writes is in order, whatever its numbers are', async () => {
  const path = join(folder, 'state.npz');
  const python = fileURLToPath(new URL('../../../../../worker/src/kinds/training/python', import.meta.url));
  const script = `import numpy as np, pilot_state
pilot_state.save(${JSON.stringify(path)}, [{"a": np.array([np.inf, np.nan, 1]), "b": np.zeros((2, 3), np.float32), "c": np.arange(4) > 2, "e": np.zeros(0)}], None)`;
  await promisify(execFile)(process.env.PILOT_PYTHON ?? '/usr/bin/python3', ['-B', '-c', script], {
    env: { PYTHONPATH: python },
  });
  const watched = { signal: new AbortController().signal, onBytes: () => undefined };
  assert.deepEqual(await inspectKept(path, watched), { ok: true, change: null });
  assert.ok((await inspect({ text, f4: floats([Number.NaN, 1]), i8: integers([1]) })).ok);
});

test('anything else is told, and nothing of it taken for what it says', async () => {
  assert.equal(await problem({ f4: floats([1]) }), 'says nothing about its arrays');
  assert.equal(await problem({ text, f8: floats([1]) }), 'holds "f8", which is no part of what is kept');
  assert.equal(await problem({ text, w: floats([1]) }), 'holds "w", which is no part of what is kept');
  assert.equal(
    await problem({ text, f4: floats([1, 2], [1, 2]) }),
    'holds "f4", which is no part of what is kept',
  );
  assert.equal(await problem({ text: floats([1]) }), 'holds "text", which is no part of what is kept');
  assert.match(
    await problem({ text, f4: { ...floats([1]), descr: '|O' } }),
    /of the type \|O, which is no number/,
  );
  assert.match(
    await problem({ text, f4: { ...floats([1]), shape: [1e9] } }),
    /not as many bytes as its shape says/,
  );
  assert.equal(await problem({ text: bytes(' '.repeat(16 * 1024 ** 2 + 1)) }), 'has too much text');
  assert.match(await problem(Buffer.from('nonsense')), /^is damaged or cut short/);
  assert.match(
    await problem(await npzBytes({ text }, { store: false })),
    /^holds "text" compressed, not stored$/,
  );
  const flipped = await npzBytes({ text, f4: floats([7, 8]) });
  flipped[flipped.indexOf(floats([7, 8]).bytes)] = 1;
  assert.equal(await problem(flipped), 'is damaged: the checksum of "f4" does not fit');
});
