import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createDecoder, type Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import type { DecodedFormat } from '@parallel-pilot/images/decode/decoder-child.ts';
import { readMemory } from '@parallel-pilot/images/header/reading.ts';
import type { PictureSize } from '@parallel-pilot/images/picture.ts';
import { exr, exrAttribute, pngChunk } from '@parallel-pilot/images/test-fixtures/pictures.ts';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { finishImage } from './image.ts';
import { withoutStamps } from './stamps.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-image-'));
const sandbox = await detectSandbox();
const decoders = new Map<string, Decoder>();
after(async () => {
  for (const decoder of decoders.values()) await decoder.close();
  await rm(folder, { recursive: true });
});
const finish = async (file: string, format: DecodedFormat, of: PictureSize) => {
  const key = JSON.stringify([format, of]);
  const decoder = decoders.get(key) ?? createDecoder({ sandbox, folder, format, ...of });
  decoders.set(key, decoder);
  const bytes = await readFile(file);
  // Both ways that an image comes: in memory where it is small.
  const held = bytes.length > 1_048_576 ? null : bytes;
  const check = await finishImage({ path: file, held }, { format, ...of }, decoder);
  if (!check.ok) return check;
  if (check.bytes !== undefined) await writeFile(file, check.bytes);
  assert.equal(check.bytes === undefined, held === null);
  return { ok: true } as const;
};
const path = join(folder, 'frame');
const size = { width: 40, height: 30 };
const noise = Buffer.from(Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) % 251));
const image = (): Sharp => sharp(noise, { raw: { ...size, channels: 3 } });

const formats = ['PNG', 'JPEG', 'TIFF', 'OPEN_EXR'] as const;
const STAMPED_EXR = exr(size, [exrAttribute('cycles.time', 'string', Buffer.from('1 s'))]);
const made = {
  PNG: await image().png().toBuffer(),
  JPEG: await image().jpeg().toBuffer(),
  TIFF: await image().tiff({ compression: 'lzw' }).toBuffer(),
} as const;

for (const format of ['PNG', 'JPEG', 'TIFF'] as const) {
  const bytes = made[format];
  test(`${format}: whole passes, every cut is damaged, another size is named`, async () => {
    await writeFile(path, bytes);
    assert.deepEqual(await finish(path, format, size), { ok: true });
    const wrong = await finish(path, format, { width: 41, height: 30 });
    assert.match(wrong.ok ? '' : wrong.message, /40x30 pixels, and 41x30/);
    for (const length of [1, 20, bytes.length >> 1, bytes.length - 20, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      const check = await finish(path, format, size);
      assert.equal(check.ok ? 'ok' : check.code, 'bad-output', `${length} of ${bytes.length} bytes`);
    }
  });
}

test('a PNG with one byte changed in its pixels is damaged', async () => {
  const bytes = Buffer.from(made.PNG);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  await writeFile(path, bytes);
  assert.equal((await finish(path, 'PNG', size)).ok, false);
});

test('text in a PNG is taken out and the pixels stay', async () => {
  const stamped = await image()
    .withExif({ IFD0: { ImageDescription: 'rendered at noon' } })
    .png()
    .toBuffer();
  await writeFile(path, stamped);
  assert.deepEqual(await finish(path, 'PNG', size), { ok: true });
  const clean = await readFile(path);
  assert.ok(clean.length < stamped.length);
  assert.deepEqual(await sharp(clean).raw().toBuffer(), noise);
});

test('a large image is cleaned without being held, and equals what is made of it in memory', async () => {
  const large = { width: 1_000, height: 700 };
  const stats = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const grain = sharp({ create: { ...large, channels: 3, background: 'red', noise: stats } });
  const plain = await grain.png().toBuffer();
  assert.ok(plain.length > 1_048_576);
  const text = pngChunk('tEXt', Buffer.from('cycles.ViewLayer.total_time\x000:01.23'));
  const stamped = Buffer.concat([plain.subarray(0, 33), text, plain.subarray(33), Buffer.from('trailing')]);
  await writeFile(path, stamped);
  assert.deepEqual(await finish(path, 'PNG', large), { ok: true });
  assert.deepEqual(await readFile(path), plain);
});

test('no bytes make the search for stamps throw, or keep what is not there', () => {
  const around = fc.tuple(fc.constantFrom(...formats), fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat());
  fc.assert(
    fc.property(around, ([format, noise, at, cut]) => {
      const bytes = Buffer.from(format === 'OPEN_EXR' ? STAMPED_EXR : made[format]);
      bytes.set(noise.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length);
      const file = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      const pieces = readMemory(file, withoutStamps(format, file.length)) ?? [];
      let before = 0;
      for (const piece of pieces) {
        if (Buffer.isBuffer(piece)) continue;
        assert.ok(piece.from >= before && piece.to >= piece.from && piece.to <= file.length);
        before = piece.to;
      }
    }),
    { numRuns: 5_000 },
  );
});

test('the run times of an OpenEXR are taken out and its table moves up', () => {
  const pieces = readMemory(STAMPED_EXR, withoutStamps('OPEN_EXR', STAMPED_EXR.length)) ?? [];
  const clean = pieces.map((piece) =>
    Buffer.isBuffer(piece) ? piece : STAMPED_EXR.subarray(piece.from, piece.to),
  );
  assert.deepEqual(Buffer.concat(clean), exr(size));
});

test('an empty file is no output', async () => {
  await writeFile(path, '');
  const check = await finish(path, 'PNG', size);
  assert.equal(check.ok ? 'ok' : check.code, 'no-output');
});
