import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { startMariaDb } from '../../tests/support/mariadb.ts';
import { until } from '../../tests/support/until.ts';
import { type BalancerProcess, freePort, startBalancerProcess } from './support/balancer-process.ts';
import { FakeWorker } from './support/fake-worker.ts';
import { findPlace } from './support/place.ts';
import { countStates, plantJob } from './support/planted.ts';

for (const kind of ['SQLite', 'MariaDB'] as const) {
  test(`killed again and again in the middle of work, it comes back and every chunk is done once, on ${kind}`, async () => {
    const mariaDb = kind === 'MariaDB' ? await startMariaDb() : undefined;
    const place = await findPlace(mariaDb?.url);
    const { db, env, token, url } = place;
    let balancer: BalancerProcess | undefined;
    const workers: FakeWorker[] = [];
    const rendered = new Map<string, number>();
    try {
      const { stage } = await plantJob(db, { chunks: 400 });
      balancer = await startBalancerProcess(env);
      for (let i = 0; i < 3; i += 1) {
        const run = async ({ chunk }: { chunk: string }) => {
          rendered.set(chunk, (rendered.get(chunk) ?? 0) + 1);
          await pause(15);
          return {};
        };
        workers.push(new FakeWorker({ url, token, slots: 2, run }));
      }
      for (const goal of [40, 120, 200]) {
        await until(
          async () => ((await countStates(db, stage)).done ?? 0) >= goal,
          `fewer than ${goal} were done`,
        );
        assert.equal(await balancer.end('SIGKILL'), null);
        balancer = await startBalancerProcess(env);
      }
      await until(
        async () => (await countStates(db, stage)).done === 400,
        () => 'not all chunks were done',
      );
      // Workers kept what they had; a result that was already stored was never made again.
      assert.equal(rendered.size, 400);
      const twice = [...rendered.values()].filter((times) => times > 1).length;
      assert.ok(twice <= 3 * 12, `${twice} chunks were rendered more than once in three crashes`);
      await assertOneDoneLeaseEach(db, 400);
      for (const worker of workers) worker.close();
      assert.equal(await balancer.end('SIGTERM'), 0);
    } finally {
      for (const worker of workers) worker.close();
      await balancer?.end('SIGKILL');
      await place.remove();
      await mariaDb?.stop();
    }
  });
}

test('what a killed worker held when the balancer was down goes to another', async () => {
  const place = await findPlace();
  const { db, env, token, url } = place;
  let balancer: BalancerProcess | undefined;
  let second: FakeWorker | undefined;
  try {
    const { stage } = await plantJob(db, { chunks: 2 });
    balancer = await startBalancerProcess(env);
    const first = new FakeWorker({ url, token });
    await until(async () => (await countStates(db, stage)).leased === 2, 'nothing was granted');
    await balancer.end('SIGKILL');
    first.vanish();
    balancer = await startBalancerProcess(env);
    second = new FakeWorker({ url, token, run: async () => ({}) });
    await until(async () => (await countStates(db, stage)).done === 2, 'the work was lost', 60_000);
  } finally {
    second?.close();
    await balancer?.end('SIGKILL');
    await place.remove();
  }
});

test('a taken port and an unreachable database are told in a sentence', async () => {
  const place = await findPlace();
  const balancer = await startBalancerProcess(place.env);
  try {
    await assert.rejects(
      startBalancerProcess(place.env),
      /cannot listen on 127\.0\.0\.1:\d+: another program does/,
    );
    const env = { ...place.env, DATABASE_URL: `mysql://a:b@127.0.0.1:${await freePort()}/farm` };
    await assert.rejects(
      startBalancerProcess(env),
      /The database mysql:\/\/127\.0\.0\.1:\d+\/farm cannot be used \(connect ECONNREFUSED/,
    );
    balancer.child.disconnect();
    await until(() => balancer.child.exitCode === 0, 'it outlived the one that started it');
  } finally {
    await balancer.end('SIGKILL');
    await place.remove();
  }
});

async function assertOneDoneLeaseEach(db: Db, chunks: number): Promise<void> {
  const rows = await db.selectFrom('leases').select(['chunk_id', 'outcome']).execute();
  const done = rows.filter((row) => row.outcome === 'done');
  assert.equal(done.length, chunks);
  assert.equal(new Set(done.map((row) => row.chunk_id)).size, chunks);
  assert.deepEqual(
    rows.filter((row) => row.outcome === null),
    [],
  );
}
