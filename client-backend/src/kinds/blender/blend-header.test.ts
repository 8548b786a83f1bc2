import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { checkBlend } from './blend-header.ts';

let plain: Buffer;
let zstd: Buffer;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-blend-'));
  const save = [
    'import bpy, sys',
    'bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1] + "/plain.blend", compress=False)',
    'bpy.ops.mesh.primitive_grid_add(x_subdivisions=300, y_subdivisions=300)',
    'bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1] + "/zstd.blend", compress=True)',
  ].join('\n');
  await promisify(execFile)('blender', ['-b', '--factory-startup', '--python-expr', save, '--', folder]);
  plain = await readFile(join(folder, 'plain.blend'));
  zstd = await readFile(join(folder, 'zstd.blend'));
  await rm(folder, { recursive: true });
});

// In small pieces, so that every border falls in the middle of something once.
const check = (bytes: Buffer) =>
  checkBlend(
    Readable.from(
      (function* () {
        for (let at = 0; at < bytes.length; at += 9_973) yield bytes.subarray(at, at + 9_973);
      })(),
    ),
    'a.blend',
    { size: bytes.length, maxBytes: 1e9 },
  );

test('files that Blender saved, plain and compressed both ways, tell their version', async () => {
  assert.equal(plain.subarray(0, 10).toString(), 'BLENDER-v3');
  assert.equal(zstd.subarray(0, 4).toString('hex'), '28b52ffd');
  for (const file of [plain, zstd, gzipSync(plain), zstdCompressSync(plain)]) {
    const checked = await check(file);
    assert.match(checked.ok ? checked.fileVersion : checked.message, /^3\.\d+$/);
  }
});

test('a file that was cut anywhere is told from a whole one', async () => {
  for (const file of [plain, zstd, gzipSync(plain)]) {
    for (const share of [0.001, 0.3, 0.9, 0.99]) {
      const checked = await check(file.subarray(0, Math.max(200, Math.floor(file.length * share))));
      assert.ok(!checked.ok && /"a\.blend" is cut short/.test(checked.message), JSON.stringify(checked));
    }
  }
});

test('a damaged, foreign or empty file gets its own sentence', async () => {
  for (const file of [zstd, gzipSync(plain)]) {
    const damaged = Buffer.from(file);
    damaged.fill(0x5a, Math.floor(file.length / 2), Math.floor(file.length / 2) + 500);
    const checked = await check(damaged);
    assert.ok(!checked.ok && /is (damaged|cut short)/.test(checked.message), JSON.stringify(checked));
  }
  const sentence = async (bytes: Buffer) => {
    const checked = await check(bytes);
    return checked.ok ? 'ok' : checked.message;
  };
  assert.match(await sentence(Buffer.from('%PDF-1.7 and so on')), /"a\.blend" is not a \.blend file/);
  assert.match(await sentence(Buffer.from('BLENDER')), /is not a \.blend file/);
  assert.match(await sentence(gzipSync(Buffer.from('a text'))), /is not a \.blend file/);
  assert.match(await sentence(Buffer.alloc(0)), /is empty/);
});

test('headers of every age are understood', async () => {
  const block = (size: number, lengthAt: number, write: (head: Buffer, length: number) => void) => {
    const head = Buffer.alloc(size);
    head.write('DATA');
    write(head.subarray(lengthAt), 40);
    return Buffer.concat([head, Buffer.alloc(40), Buffer.from('ENDB'), Buffer.alloc(size - 4)]);
  };
  const little = (head: Buffer, length: number) => void head.writeInt32LE(length);
  const big = (head: Buffer, length: number) => void head.writeInt32BE(length);
  const wide = (head: Buffer, length: number) => void head.writeBigInt64LE(BigInt(length));
  const files: [string, Buffer, string][] = [
    ['BLENDER_v249', block(20, 4, little), '2.49'],
    ['BLENDER-V277', block(24, 4, big), '2.77'],
    ['BLENDER-v280', block(24, 4, little), '2.80'],
    ['BLENDER-v405', block(24, 4, little), '4.5'],
    ['BLENDER17-01v0500', block(32, 16, wide), '5.0'],
    ['BLENDER17-01v0512', block(32, 16, wide), '5.12'],
  ];
  for (const [header, blocks, fileVersion] of files) {
    const whole = Buffer.concat([Buffer.from(header), blocks]);
    assert.deepEqual(await check(whole), { ok: true, fileVersion }, header);
    const cut = await check(whole.subarray(0, header.length + 50));
    assert.ok(!cut.ok && /cut short/.test(cut.message), header);
  }
  const later = Buffer.from('BLENDER19-02v0601xxand something that nobody knows yet');
  assert.deepEqual(await check(later), { ok: true, fileVersion: '6.1' });
});
