import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { exr, exrAttribute, exrHeader } from '../../test-fixtures/pictures.ts';
import { readExr } from './exr.ts';
import { type FileFormat, matchHeader, readHeader } from './header.ts';
import { MOST_WANTED, type Reading, readFile, readMemory } from './reading.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-header-'));
after(async () => await rm(folder, { recursive: true }));

const size = { width: 41, height: 30 };
const image = () => sharp({ create: { ...size, channels: 3, background: 'teal' } });
const made: Record<FileFormat, Buffer> = {
  PNG: await image().png().toBuffer(),
  JPEG: await image().jpeg({ progressive: true }).toBuffer(),
  TIFF: await image().tiff({ compression: 'lzw' }).toBuffer(),
  OPEN_EXR: exr(size, [exrAttribute('cycles.time', 'string', Buffer.from('1 s'))]),
};
const formats = Object.keys(made) as FileFormat[];

/** Runs a parser as memory and files do, spoils what was given as soon as more is asked for, and keeps count. */
function watch<T>(bytes: Buffer, reading: Reading<T>): { value: T; wants: number; asked: number } {
  let [wants, asked] = [0, 0];
  let given = Buffer.alloc(0);
  let step = reading.next();
  while (!step.done) {
    const { at, length } = step.value;
    assert.ok(Number.isSafeInteger(at) && at >= 0, `asks for bytes at ${at}`);
    assert.ok(
      Number.isSafeInteger(length) && length >= 0 && length <= MOST_WANTED,
      `asks for ${length} bytes`,
    );
    wants += 1;
    asked += length;
    given.fill(0x5a);
    given = Buffer.from(bytes.subarray(at, at + length));
    step = reading.next(given);
  }
  return { value: step.value, wants, asked };
}

for (const format of formats) {
  test(`${format}: tells its format and size from memory and from a file`, async () => {
    const bytes = made[format];
    const expected = { ok: true, format, ...size };
    assert.deepEqual(readMemory(bytes, readHeader(bytes.length)), expected);
    const path = join(folder, format);
    await writeFile(path, bytes);
    const file = await open(path);
    assert.deepEqual(await readFile(file, readHeader(bytes.length)).finally(() => file.close()), expected);
  });

  test(`${format}: another format or size is refused in words`, () => {
    const bytes = made[format];
    for (const other of formats.filter((one) => one !== format)) {
      const refused = readMemory(bytes, matchHeader(bytes.length, { format: other, ...size }));
      assert.match(refused.ok ? '' : refused.message, /is of format \w+ and not \w+/);
    }
    const refused = readMemory(bytes, matchHeader(bytes.length, { format, width: 41, height: 31 }));
    assert.equal(refused.ok ? '' : refused.message, 'the image is 41x30 pixels, and 41x31 were expected');
  });
}

test('what is no picture of these formats is refused', () => {
  const others = ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'GIF89a', 'RIFF....WEBP', '%PDF-1.7', ''];
  for (const bytes of others.map((text) => Buffer.from(text))) {
    const header = readMemory(bytes, readHeader(bytes.length));
    assert.match(header.ok ? '' : header.message, /no format that frames can have/);
  }
});

/** Bytes that begin like a picture, or are one with some bytes changed, put in or cut off. */
const almostPictures = fc.oneof(
  fc
    .tuple(fc.constantFrom(...formats), fc.uint8Array({ maxLength: 2_000 }))
    .map(([format, rest]) => Buffer.concat([made[format].subarray(0, 8), rest])),
  fc
    .tuple(
      fc.constantFrom(...formats),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
      fc.nat(),
    )
    .map(([format, changes, cut]) => {
      const bytes = Buffer.from(made[format]);
      // Mostly in the header, where it matters.
      for (const [at, value] of changes) bytes[at % (at % 3 === 0 ? bytes.length : 400)] = value;
      return cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    }),
  fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
);

test('no bytes make a parser throw, ask for much, or go on for long', () => {
  fc.assert(
    fc.property(almostPictures, (bytes) => {
      const header = watch(bytes, readHeader(bytes.length));
      assert.ok(header.wants <= 1_010, `${header.wants} looks`);
      if (header.value.ok) {
        assert.ok(header.value.width >= 1 && header.value.height >= 1);
      } else assert.match(header.value.message, /^the image [\x20-\x7e]+$/);
      const layout = watch(bytes, readExr(bytes.length));
      assert.ok(layout.wants <= 1_010 + bytes.length / 8, `${layout.wants} looks at ${bytes.length} bytes`);
    }),
    { numRuns: 20_000 },
  );
});

test('an OpenEXR is whole, or it is said what is wrong with it', () => {
  const whole = made.OPEN_EXR;
  assert.ok(!('ok' in readMemory(whole, readExr(whole.length))));
  for (let length = 0; length < whole.length; length += 7) {
    const cut = whole.subarray(0, length);
    assert.ok('ok' in readMemory(cut, readExr(length)), `${length} of ${whole.length} bytes pass for whole`);
  }
  const words = (bytes: Buffer): string => {
    const read = readMemory(bytes, readExr(bytes.length));
    return 'ok' in read ? read.message : 'fine';
  };
  const most = 2 ** 31 - 1;
  assert.match(words(exrHeader({ dataWindow: [0, 0, 0, most - 1] })), /cut short/);
  assert.match(words(exrHeader({ dataWindow: [0, -most, 0, most] })), /cut short/);
  assert.match(words(exrHeader({ dataWindow: [0, 0, -1, 10] })), /no pixels/);
  assert.match(words(exrHeader({ dataWindow: [0, 0, 9, 9], compression: 99 })), /its size/);
  const shown = { dataWindow: [0, 0, 9, 9], displayWindow: [0, 0, most - 1, 9] } as const;
  assert.match(
    words(exrHeader({ dataWindow: [...shown.dataWindow], displayWindow: [...shown.displayWindow] })),
    /two sizes/,
  );
  const again = exrAttribute('dataWindow', 'box2i', Buffer.alloc(16));
  assert.match(words(exr(size, [again])), /two attributes "dataWindow"/);
});
