import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ChunkId, JobId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { CONTROL_REQUESTS, ControlAuth, type StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import { PROTOCOL_VERSION } from '@parallel-pilot/shared/protocol/version.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { Server } from 'socket.io';
import { until } from '../../../tests/support/until.ts';
import { connectBalancer } from './connect-balancer.ts';

const job = JobId.parse('job_00000000');
const stage = StageId.parse('stg_00000000');
const worker = WorkerId.parse('wrk_00000000');

/** The balancer's end: checks the handshake and answers requests. */
async function startControl(port = 0) {
  const http: HttpServer = createServer().listen(port, '127.0.0.1');
  await once(http, 'listening');
  const io = new Server(http);
  const asked: unknown[] = [];
  const handshakes = { refused: 0 };
  const control = io.of('/control');
  control.use((socket, next) => {
    const auth = ControlAuth.safeParse(socket.handshake.auth);
    const good = auth.success && auth.data.token === 'token' && auth.data.protocol === PROTOCOL_VERSION;
    if (!good) handshakes.refused += 1;
    next(good ? undefined : new Error('bad-token'));
  });
  control.on('connection', (socket) => {
    for (const [name, schema] of Object.entries(CONTROL_REQUESTS)) {
      socket.on(name, (message, acknowledge) => {
        asked.push([name, schema.parse(message)]);
        if (typeof acknowledge === 'function') acknowledge({ ok: true });
      });
    }
  });
  return {
    port: (http.address() as AddressInfo).port,
    asked,
    handshakes,
    control,
    async stop() {
      await io.close();
    },
  };
}

test('hints are parsed and remembered, requests are answered, and a balancer that restarts is found again', async () => {
  const first = await startControl();
  const link = connectBalancer({
    url: `http://127.0.0.1:${first.port}`,
    token: 'token',
    log: createLog('test', 'silent'),
  });
  let connected = 0;
  const patches: StagePatch[] = [];
  link.listen({
    connected: () => {
      connected += 1;
    },
    stagePatch: (patch) => patches.push(patch),
    workersPatch: () => {},
  });
  let second: Awaited<ReturnType<typeof startControl>> | undefined;
  try {
    await until(() => link.connected(), 'not connected');
    assert.equal(connected, 1);
    first.control.emit('stage-patch', { job, nonsense: true });
    const running = { ordinal: 3, status: 'running', worker };
    first.control.emit('stage-patch', { job, stage, changes: [running], progress: [], settled: false });
    const progress = [{ worker, ordinal: 3, fraction: 0.5, detail: 'Sample 2/4' }];
    first.control.emit('stage-patch', { job, stage, changes: [], progress, settled: false });
    first.control.emit('workers-patch', {
      workers: [{ worker, status: 'online', load: null, room: null, lent: null, running: [] }],
    });
    await until(() => link.workers().has(worker), 'the worker was not heard of');
    assert.equal(patches.length, 2);
    assert.deepEqual(link.progress(job), progress);

    link.jobsChanged([job]);
    assert.deepEqual(await link.retryChunks(job), { ok: true });
    const chunks = [{ chunk: ChunkId.parse(`${stage}.3`), message: 'damaged' }];
    assert.deepEqual(await link.rejectChunks({ job, because: 'unusable', chunks }), { ok: true });
    assert.deepEqual(first.asked, [
      ['jobs-changed', { jobs: [job] }],
      ['retry-chunks', { job }],
      ['reject-chunks', { job, because: 'unusable', chunks }],
    ]);

    const done = { ordinal: 3, status: 'done', worker };
    first.control.emit('stage-patch', { job, stage, changes: [done], progress: [], settled: true });
    await until(() => link.progress(job).length === 0, 'a finished chunk stays under way');

    await first.stop();
    await until(() => !link.connected(), 'the end was not noticed');
    assert.equal((await link.retryChunks(job)).ok, false);
    assert.equal(link.workers().size, 0);
    link.jobsChanged([job]);
    const forecast = { at: 1, quarters: [{ demandMs: 2, capacityMs: 3 }] };
    link.tellForecast(forecast);
    second = await startControl(first.port);
    await until(() => connected === 2, 'not connected again');
    const { asked } = second;
    await until(() => asked.length > 0, 'the forecast was not said again');
    assert.deepEqual(asked, [['load-forecast', forecast]]);
  } finally {
    link.close();
    await first.stop().catch(() => {});
    await second?.stop();
  }
});

test('a refused handshake is tried again: the balancer may only just be starting', async () => {
  const balancer = await startControl();
  const link = connectBalancer({
    url: `http://127.0.0.1:${balancer.port}`,
    token: 'other',
    log: createLog('test', 'silent'),
  });
  try {
    assert.deepEqual((await link.retryChunks(job)).ok, false);
    await until(() => balancer.handshakes.refused >= 2, 'it gave up');
    assert.equal(link.connected(), false);
  } finally {
    link.close();
    await balancer.stop();
  }
});
