import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import sharp, { type Sharp } from 'sharp';
import { finishImage } from './image.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-image-'));
after(async () => await rm(folder, { recursive: true }));
const path = join(folder, 'frame');
const size = { width: 40, height: 30 };
const noise = Buffer.from(Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) % 251));
const image = (): Sharp => sharp(noise, { raw: { ...size, channels: 3 } });

const made = {
  PNG: await image().png().toBuffer(),
  JPEG: await image().jpeg().toBuffer(),
  TIFF: await image().tiff({ compression: 'lzw' }).toBuffer(),
} as const;

for (const format of ['PNG', 'JPEG', 'TIFF'] as const) {
  const bytes = made[format];
  test(`${format}: whole passes, every cut is damaged, another size is named`, async () => {
    await writeFile(path, bytes);
    assert.deepEqual(await finishImage(path, format, size), { ok: true });
    const wrong = await finishImage(path, format, { width: 41, height: 30 });
    assert.match(wrong.ok ? '' : wrong.message, /40x30 pixels, and 41x30/);
    for (const length of [1, 20, bytes.length >> 1, bytes.length - 20, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      const check = await finishImage(path, format, size);
      assert.equal(check.ok ? 'ok' : check.code, 'bad-output', `${length} of ${bytes.length} bytes`);
    }
  });
}

test('a PNG with one byte changed in its pixels is damaged', async () => {
  const bytes = Buffer.from(made.PNG);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  await writeFile(path, bytes);
  assert.equal((await finishImage(path, 'PNG', size)).ok, false);
});

test('text in a PNG is taken out and the pixels stay', async () => {
  const stamped = await image()
    .withExif({ IFD0: { ImageDescription: 'rendered at noon' } })
    .png()
    .toBuffer();
  await writeFile(path, stamped);
  assert.deepEqual(await finishImage(path, 'PNG', size), { ok: true });
  const clean = await readFile(path);
  assert.ok(clean.length < stamped.length);
  assert.deepEqual(await sharp(clean).raw().toBuffer(), noise);
});

test('a missing or empty file is no output', async () => {
  await writeFile(path, '');
  for (const name of [path, join(folder, 'none')]) {
    const check = await finishImage(name, 'PNG', size);
    assert.equal(check.ok ? 'ok' : check.code, 'no-output');
  }
});

test('a percentage cuts off, as Blender does', () => {
  const half = frameSize({ resolutionX: 101, resolutionY: 57, percentage: 50 });
  assert.deepEqual(half, { width: 50, height: 28 });
});
