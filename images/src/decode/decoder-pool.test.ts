import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NO_SANDBOX } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import sharp from 'sharp';
import { until } from '../../../tests/support/until.ts';
import { createDecoderPool } from './decoder-pool.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-pool-'));
after(async () => await rm(folder, { recursive: true }));

const size = { width: 8, height: 8 };
const bytes = await sharp({ create: { ...size, channels: 3, background: 'red' } })
  .png()
  .toBuffer();
const pool = (most: number, restMs: number) =>
  createDecoderPool(most, restMs, async (owner) => ({ sandbox: NO_SANDBOX, folder, ...owner }));
const processes = async (): Promise<number> => (await readdir(folder)).length;

test('a decoder serves one job, stays warm for it, and makes room for another', async () => {
  const decoders = pool(1, 60_000);
  const look = (job: string) =>
    decoders.lend({ job, format: 'PNG', ...size }, async (decoder) => {
      assert.deepEqual(await decoder.check(bytes), { ok: true });
      return decoder.pid();
    });
  const first = await look('a');
  assert.equal(await look('a'), first);
  assert.notEqual(await look('b'), first);
  assert.notEqual(await look('a'), first);
  assert.equal(await processes(), 1);
  await decoders.close();
  assert.equal(await processes(), 0);
  await assert.rejects(look('a'), /closed/);
});

test('no more work at once than was said, and what is not needed for a while ends', async () => {
  const decoders = pool(2, 100);
  let [now, most] = [0, 0];
  const jobs = ['a', 'b', 'c', 'a', 'b', 'c'];
  await Promise.all(
    jobs.map((job) =>
      decoders.lend({ job, format: 'PNG', ...size }, async (decoder) => {
        now += 1;
        most = Math.max(most, now, await processes());
        assert.deepEqual(await decoder.check(bytes), { ok: true });
        now -= 1;
      }),
    ),
  );
  assert.equal(most, 2);
  await until(async () => (await processes()) === 0, 'a decoder that nobody needs goes on');
  await decoders.close();
});
