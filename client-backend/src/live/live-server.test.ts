import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { JobId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import { JobPatch, JobsPatch, type Watch, WorkersChanged } from '@parallel-pilot/shared/protocol/live.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { io, type Socket } from 'socket.io-client';
import { until } from '../../../tests/support/until.ts';
import { openStage, probed, startTestFarm, type TestFarm } from '../jobs/test-farm.fixture.ts';
import { createLive, type LiveServer } from './live-server.ts';

let farm: TestFarm;
let http: Server;
let live: LiveServer;
let url: string;
let job: JobId;
let stage: StageId;
let worker: WorkerId;
const sockets: Socket[] = [];

before(async () => {
  farm = await startTestFarm();
  worker = await farm.addWorker();
  job = await farm.addJob({ settings: { frames: '11-30' } });
  await probed(farm.parts, job);
  stage = (await openStage(farm.parts, job)).id;
  http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  live = createLive(http, {
    clock: farm.parts.clock,
    db: farm.parts.db,
    log: createLog('test', 'silent'),
    authorizeRequest: async (headers) =>
      headers.authorization === 'Bearer stranger'
        ? { ok: false, message: 'no' }
        : { ok: true, principal: farm.by },
  });
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/live`;
});
after(async () => {
  for (const socket of sockets) socket.disconnect();
  await live.close();
  http.close();
  http.closeAllConnections();
  await farm.stop();
});

async function watch(room: Watch['room']) {
  const socket = io(url, { transports: ['websocket'], forceNew: true });
  sockets.push(socket);
  const heard = {
    jobs: [] as JobsPatch[],
    job: [] as JobPatch[],
    workers: [] as WorkersChanged[],
    at: [] as number[],
  };
  socket.on('job', (message) => {
    heard.job.push(JobPatch.parse(message));
    heard.at.push(performance.now());
  });
  socket.on('jobs', (message) => heard.jobs.push(JobsPatch.parse(message)));
  socket.on('workers', (message) => heard.workers.push(WorkersChanged.parse(message)));
  assert.deepEqual(await socket.timeout(5_000).emitWithAck('watch', { room }), { ok: true });
  return { socket, heard };
}

const patch = (ordinal: number, fraction: number): StagePatch =>
  StagePatch.parse({
    job,
    stage,
    changes: [{ ordinal, status: 'running', worker }],
    progress: [{ worker, ordinal, fraction, detail: 'Sample 3/4' }],
    settled: false,
  });

test('a page that watches a job gets the newest word on each chunk, named, at most ten times a second', async () => {
  const { heard } = await watch(job);
  const from = performance.now();
  let sent = 0;
  await until(() => {
    live.stagePatch(patch(sent % 3, (sent % 100) / 100));
    sent += 1;
    return performance.now() - from > 1_000;
  }, 'time stands still');
  live.stagePatch(patch(1, 1));
  await until(() => heard.job.at(-1)?.progress.some((one) => one.fraction === 1), 'the last word was lost');
  const seconds = ((heard.at.at(-1) ?? 0) - from) / 1_000;
  assert.ok(heard.job.length <= 10 * seconds + 2, `${heard.job.length} patches in ${seconds} s`);
  assert.ok(heard.job.length >= 5, `only ${heard.job.length} patches`);
  const last = heard.job.at(-1)?.progress.find((one) => one.ordinal === 1);
  assert.equal(last?.label, 'Frame 12');
  assert.match(last?.workerName ?? '', /^worker /);
});

test('changes of the row and of the assembly reach the job page and the list; others hear nothing', async () => {
  const page = await watch(job);
  const list = await watch('jobs');
  const workers = await watch('workers');
  for (let i = 0; i < 50; i += 1) live.jobChanged(job);
  live.backgroundProgressed(job, 0.5);
  assert.equal(live.backgroundFractionOf(job), 0.5);
  await until(() => page.heard.job.some((one) => one.backgroundFraction === 0.5), 'no word of the assembly');
  assert.ok(page.heard.job.some((one) => one.changed));
  await until(() => list.heard.jobs.length >= 2, 'the list was not told');
  assert.deepEqual(list.heard.jobs[0], { jobs: [job] });
  assert.ok(list.heard.jobs.length <= 3);
  assert.deepEqual([workers.heard.job, workers.heard.jobs], [[], []]);
  live.jobChanged(job);
  assert.equal(live.backgroundFractionOf(job), null);
});

test('a page that leaves the room hears no more, and rooms that are not rooms are refused', async () => {
  const { socket, heard } = await watch(job);
  assert.deepEqual(await socket.timeout(5_000).emitWithAck('unwatch', { room: job }), { ok: true });
  const before = heard.job.length;
  const other = await watch(job);
  live.jobChanged(job);
  await until(() => other.heard.job.length > 0, 'the other page was not told');
  assert.equal(heard.job.length, before);
  const refused = await socket.timeout(5_000).emitWithAck('watch', { room: '../etc' });
  assert.equal(refused.code, 'invalid-message');
});

test('who may not use the API may not listen either', async () => {
  const socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    extraHeaders: { authorization: 'Bearer stranger' },
  });
  sockets.push(socket);
  const refused = await new Promise((resolve) => {
    socket.on('connect', () => resolve(false));
    socket.on('connect_error', () => resolve(true));
  });
  assert.equal(refused, true);
});
