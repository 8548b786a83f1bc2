import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { blendVersion } from './header.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-header-'));
after(async () => await rm(folder, { recursive: true }));

const body = Buffer.alloc(100_000, 7);
const blend = (header: string): Buffer => Buffer.concat([Buffer.from(header), body]);
const cut = (bytes: Buffer, length: number): Buffer => bytes.subarray(0, length);

const cases: [string, Buffer, string | null][] = [
  ['3.4', blend('BLENDER-v304RENDH'), '3.4'],
  ['4.2 long', blend('BLENDER-v402'), '4.2'],
  ['2.79 of 32 bits', blend('BLENDER_v279'), '2.79'],
  ['big-endian', blend('BLENDER_V248'), '2.48'],
  ['Blender 5', blend('BLENDER17-01v0500'), '5.0'],
  ['Blender 5.10', blend('BLENDER17-01v0510'), '5.10'],
  ['gzip', gzipSync(blend('BLENDER-v279')), '2.79'],
  ['zstd', zstdCompressSync(blend('BLENDER17-01v0501')), '5.1'],
  ['zstd cut short', cut(zstdCompressSync(blend('BLENDER17-01v0501')), 6), null],
  ['text', Buffer.from('hello'), null],
  ['one byte', Buffer.from('B'), null],
  ['empty', Buffer.alloc(0), null],
  ['gzip of something else', gzipSync(Buffer.from('a tar, perhaps')), null],
];

for (const [name, bytes, expected] of cases) {
  test(`version of a .blend: ${name}`, async () => {
    const path = join(folder, 'file.blend');
    await writeFile(path, bytes);
    assert.equal(await blendVersion(path), expected);
  });
}
