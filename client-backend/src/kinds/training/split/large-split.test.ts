import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const FIXTURE = fileURLToPath(import.meta.resolve('./large-split.fixture.ts'));

for (const format of ['npz', 'jsonl']) {
  test(`300 MB of .${format} are split in memory that does not grow with them`, {
    timeout: 180_000,
  }, async () => {
    const { stdout } = await execa(process.execPath, [FIXTURE, format]);
    const { before, after, ...found } = JSON.parse(stdout);
    assert.deepEqual([found.rows, found.classes, found.parts], [300_000, 10, 17]);
    assert.ok(found.bytes > 295e6, stdout);
    assert.ok(after < before + 150, `the peak rose from ${before} to ${after} MB`);
  });
}
