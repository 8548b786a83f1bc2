import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import sharp from 'sharp';
import { compressedZeros, png } from '../../test-fixtures/pictures.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import type { DecodedFormat, DecoderOptions } from './decoder-child.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-decoder-'));
after(async () => await rm(folder, { recursive: true }));

const size = { width: 64, height: 36 };
const noise = (of = size) =>
  sharp({
    create: { ...of, channels: 3, background: 'red', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });
const words = (check: Awaited<ReturnType<Decoder['check']>>): string => (check.ok ? 'fine' : check.message);

for (const sandbox of await levels()) {
  const decoding = async <T>(
    given: Partial<DecoderOptions>,
    use: (decoder: Decoder) => Promise<T>,
  ): Promise<T> => {
    const decoder = createDecoder({ sandbox, folder, format: 'PNG', ...size, ...given });
    try {
      return await use(decoder);
    } finally {
      await decoder.close();
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.startsWith('child-')),
        [],
      );
    }
  };

  test(`${sandbox.level}: whole pictures pass, cut and changed ones and those of another format do not`, async () => {
    for (const format of ['PNG', 'JPEG', 'TIFF'] satisfies DecodedFormat[]) {
      const bytes = await noise()
        .toFormat(format.toLowerCase() as 'png')
        .toBuffer();
      const path = join(folder, format);
      await writeFile(path, bytes);
      await decoding({ format }, async (decoder) => {
        assert.deepEqual(await decoder.check(bytes), { ok: true });
        assert.deepEqual(await decoder.check(path), { ok: true });
        assert.match(words(await decoder.check(bytes.subarray(0, bytes.length >> 1))), /does not decode/);
        const other = await noise()
          .toFormat(format === 'PNG' ? 'jpeg' : 'png')
          .toBuffer();
        assert.match(words(await decoder.check(other)), /does not decode/);
        assert.match(
          words(
            await decoder.check(
              await noise({ width: 32, height: 72 })
                .toFormat(format.toLowerCase() as 'png')
                .toBuffer(),
            ),
          ),
          /32x72/,
        );
        assert.deepEqual(await decoder.check(bytes), { ok: true }, 'an earlier picture spoiled the decoder');
      });
    }
  });

  test(`${sandbox.level}: makes thumbnails and previews`, async () => {
    const of = { width: 1_200, height: 900 };
    const path = join(folder, 'large.png');
    await writeFile(path, await noise(of).png().toBuffer());
    await decoding(of, async (decoder) => {
      for (const [what, width] of [
        ['thumbnail', 256],
        ['preview', 1_200],
      ] as const) {
        const target = join(folder, what);
        assert.deepEqual(await decoder.derive(path, what, target), { ok: true });
        const made = await sharp(await readFile(target)).metadata();
        assert.deepEqual([made.format, made.width, made.height], ['webp', width, (width * 3) / 4]);
      }
    });
  });

  test(`${sandbox.level}: a picture over the limits is refused, and the next one is decoded all the same`, async () => {
    const of = { width: 11_000, height: 11_000 };
    const bomb = png(of, compressedZeros(of.height * (of.width * 3 + 1)), true);
    await decoding({ ...of, limits: { memoryBytes: 150_000_000 } }, async (decoder) => {
      assert.match(
        words(await decoder.check(bomb)),
        /needs too much to be decoded\. It needed more than the 150 MB of memory/,
      );
      assert.match(words(await decoder.check(await noise().png().toBuffer())), /64x36/);
    });
    await decoding({ ...of, patienceMs: 100 }, async (decoder) => {
      assert.match(words(await decoder.check(bomb)), /takes too long to decode/);
    });
  });

  test(`${sandbox.level}: an aborted check ends the process, and a killed process is replaced`, async () => {
    const bytes = await noise().png().toBuffer();
    await decoding({}, async (decoder) => {
      const controller = new AbortController();
      controller.abort();
      await assert.rejects(decoder.check(bytes, controller.signal), { name: 'AbortError' });
      assert.deepEqual(await decoder.check(bytes), { ok: true });
      process.kill(decoder.pid() ?? 0, 'SIGKILL');
      assert.deepEqual(await decoder.check(bytes), { ok: true });
    });
  });
}

test('a file that is not there, or a decoder that cannot start, says nothing about the picture', async () => {
  const [sandbox] = await levels();
  assert.ok(sandbox);
  const decoder = createDecoder({ sandbox, folder, format: 'PNG', ...size });
  await assert.rejects(decoder.check(join(folder, 'none')), { code: 'ENOENT' });
  await decoder.close();
});
