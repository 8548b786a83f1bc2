import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { until } from '../../tests/support/until.ts';
import { startBalancerProcess } from './support/balancer-process.ts';
import { FakeWorker } from './support/fake-worker.ts';
import { findPlace } from './support/place.ts';
import { countStates, plantJob } from './support/planted.ts';

test('100,000 waiting chunks are read soon, take little memory, and do not slow down what is granted', async (t) => {
  const place = await findPlace();
  const began = performance.now();
  let balancer = await startBalancerProcess(place.env);
  const bareMs = performance.now() - began;
  let worker: FakeWorker | undefined;
  try {
    const base = await residentMegabytes(balancer.child.pid);
    await balancer.end('SIGTERM');
    const { stage } = await plantJob(place.db, { chunks: 100_000 });
    const started = performance.now();
    balancer = await startBalancerProcess(place.env);
    const readyMs = performance.now() - started;
    const more = (await residentMegabytes(balancer.child.pid)) - base;
    worker = new FakeWorker({ url: place.url, token: place.token, slots: 8, run: async () => ({}) });
    await until(async () => ((await countStates(place.db, stage)).done ?? 0) >= 1_000, 'too slow', 20_000);
    const total = await residentMegabytes(balancer.child.pid);
    t.diagnostic(
      `ready in ${Math.round(readyMs)} ms, ${Math.round(bareMs)} ms without chunks; ${Math.round(more)} MB above ${Math.round(base)} MB, ${Math.round(total)} MB at work`,
    );
    assert.ok(readyMs < 15 * bareMs, `it took ${readyMs / bareMs} times as long to start as without chunks`);
    assert.ok(more < 60, `it takes ${more} MB more than without chunks`);
    assert.ok(total < 250, `it takes ${total} MB at work`);
  } finally {
    worker?.close();
    await balancer.end('SIGKILL');
    await place.remove();
  }
});

/** Linux only; elsewhere 0, so that the limits hold. */
async function residentMegabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
