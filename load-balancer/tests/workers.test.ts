import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BlobHash, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { bearerOf, isTokenRefused } from '@parallel-pilot/shared/protocol/handshake.ts';
import { PROTOCOL_VERSION } from '@parallel-pilot/shared/protocol/version.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { signReceipt, verifyLease } from '@parallel-pilot/shared/server/signature.ts';
import { io } from 'socket.io-client';
import { type MariaDb, startMariaDb } from '../../tests/support/mariadb.ts';
import { until } from '../../tests/support/until.ts';
import type { FakeWorker } from './support/fake-worker.ts';
import { type FarmUnderTest, startFarm } from './support/farm-under-test.ts';
import { chunkRow, countStates, setJob } from './support/planted.ts';

for (const kind of ['SQLite', 'MariaDB'] as const) {
  describe(`workers, on ${kind}`, () => {
    let mariaDb: MariaDb | undefined;
    let farm: FarmUnderTest;

    before(async () => {
      if (kind === 'MariaDB') mariaDb = await startMariaDb();
      farm = await startFarm(mariaDb?.url);
    });
    after(async () => {
      await farm.stop();
      await mariaDb?.stop();
    });

    test('who speaks another version or knows no token is told so, and stays out', async () => {
      const token = farm.secrets.workerToken;
      const other = await refused(farm.url, { protocol: 99, token }, '/workers', token);
      assert.equal(other.code, 'protocol-mismatch');
      assert.match(other.message, new RegExp(`version 99 .* version ${PROTOCOL_VERSION}\\b`));
      const control = await refused(farm.url, { protocol: PROTOCOL_VERSION, token }, '/control', token);
      assert.equal(control.code, 'bad-token');
      const guessed = { protocol: PROTOCOL_VERSION, token: 'guessed' };
      assert.equal((await refused(farm.url, guessed, '/workers', token)).code, 'bad-token');
      assert.equal((await refused(farm.url, {}, '/workers', token)).code, 'invalid-message');
      assert.equal((await refused(farm.url, guessed, '/workers', 'guessed')).code, '401');
      assert.equal(
        (await refused(farm.url, { protocol: PROTOCOL_VERSION, token }, '/workers', null)).code,
        '401',
      );
    });

    test('a chunk is pushed, started, done and acknowledged; said twice it is acknowledged twice', async () => {
      const { job, stage } = await farm.plant({ chunks: 1 });
      const worker = farm.worker();
      const [assign] = await assigns(worker, 1);
      assert.ok(assign && verifyLease(assign.lease, assign.signature, farm.secrets.signingKey));
      assert.deepEqual(assign.chunkSpec, { frame: 0 });
      assert.deepEqual([assign.job, assign.stageName, assign.hangLimitMs], [job, 'render', 600_000]);
      assert.equal((await chunkRow(farm.db, stage, 0)).state, 'leased');
      await worker.start(assign.lease);
      await until(async () => (await chunkRow(farm.db, stage, 0)).state === 'running', 'it never ran');

      assert.deepEqual(await worker.done(assign.lease, { log: 'rendered', busyMs: 7 }), { ok: true });
      const row = await chunkRow(farm.db, stage, 0);
      assert.deepEqual([row.state, row.attempts, row.result_json], ['done', 1, '{"ok":1}']);
      assert.equal(row.accepted_lease_id, assign.lease);
      assert.deepEqual(await worker.done(assign.lease, { result: 'another' }), { ok: true });
      assert.equal((await chunkRow(farm.db, stage, 0)).result_json, '{"ok":1}');

      const counted = await farm.db
        .selectFrom('workers')
        .selectAll()
        .where('id', '=', worker.id)
        .executeTakeFirst();
      assert.deepEqual([counted?.status, counted?.chunks_done], ['online', 1]);
      worker.close();
      await until(async () => (await statusOf(farm, worker)) === 'offline', 'a clean close was not noticed');
    });

    test('a result whose file is not stored waits for it; a message out of form is refused', async () => {
      const { stage } = await farm.plant({ chunks: 1 });
      const worker = farm.worker();
      const [assign] = await assigns(worker, 1);
      assert.ok(assign);
      const hash = 'ab'.repeat(32) as BlobHash;
      const received = { lease: assign.lease, hash, size: 3 };
      const receipt = signReceipt(received, farm.secrets.signingKey);
      const files = [{ name: 'frame', hash, size: 3, mediaType: 'image/png', receipt }];
      const early = await worker.done(assign.lease, { files });
      assert.equal(!early.ok && early.code, 'blob-missing');
      const crooked = await worker.socket.emitWithAck('done', { lease: assign.lease, files: 'none' });
      assert.equal(crooked.code, 'invalid-message');
      const fat = await worker.done(assign.lease, { result: 'x'.repeat(300_000) });
      assert.equal(!fat.ok && fat.code, 'invalid-message');
      worker.socket.emit('heartbeat', 'nonsense');
      worker.socket.emit('done');
      await insertBlobs(farm.db, [{ hash, size: 3, media_type: 'image/png', created_at: 1 }]);
      assert.deepEqual(await worker.done(assign.lease, { files }), { ok: true });
      const kept = { name: 'frame', hash, size: 3, mediaType: 'image/png' };
      assert.deepEqual(JSON.parse((await chunkRow(farm.db, stage, 0)).files_json ?? '[]'), [kept]);
      worker.close();
    });

    test('work of a worker that is gone goes to another, and its late result is refused as stale', async () => {
      const { stage } = await farm.plant({ chunks: 1 });
      const first = farm.worker();
      const [assign] = await assigns(first, 1);
      assert.ok(assign);
      await first.start(assign.lease);
      await until(async () => (await chunkRow(farm.db, stage, 0)).state === 'running', 'it never ran');
      const second = farm.worker();
      await until(() => second.welcome, 'no welcome');
      first.fallSilent();
      const [again] = await assigns(second, 1);
      assert.equal(again?.chunk, assign.chunk);
      await until(() => first.revoked.includes(assign.lease), 'it was not told to stop when it came back');
      const late = await first.done(assign.lease);
      assert.equal(!late.ok && late.code, 'stale-lease');
      assert.ok(again && (await second.done(again.lease)).ok);
      const row = await chunkRow(farm.db, stage, 0);
      assert.deepEqual([row.state, row.attempts, row.accepted_lease_id], ['done', 2, again.lease]);
      for (const worker of [first, second]) worker.close();
    });

    test('a worker that only lost its connection keeps its leases', async () => {
      const { stage } = await farm.plant({ chunks: 1 });
      const worker = farm.worker();
      const [assign] = await assigns(worker, 1);
      assert.ok(assign);
      await worker.start(assign.lease);
      worker.welcome = null;
      worker.socket.io.engine.close();
      await until(() => worker.welcome?.ok, 'it did not come back');
      assert.deepEqual(worker.revoked, []);
      assert.deepEqual(await worker.done(assign.lease), { ok: true });
      assert.equal((await chunkRow(farm.db, stage, 0)).attempts, 1);
      worker.close();
    });

    test('a `released` that got lost holds nothing: the next hello does not name that lease', async () => {
      const { stage } = await farm.plant({ chunks: 2 });
      const worker = farm.worker();
      const [first, second] = await assigns(worker, 2);
      assert.ok(first && second);
      await worker.start(first.lease);
      worker.releaseIntoTheVoid(second.lease);
      const again = await until(() => worker.assigns[2], 'it was not put back in the queue');
      assert.equal(again.chunk, second.chunk);
      assert.notEqual(again.lease, second.lease);
      assert.equal((await chunkRow(farm.db, stage, 1)).attempts, 0);
      assert.deepEqual(await worker.done(first.lease), { ok: true });
      assert.deepEqual(await worker.done(again.lease), { ok: true });
      worker.close();
    });

    test('an id belongs to whoever first used it; the same worker may come twice, the later one counts', async () => {
      const worker = farm.worker();
      await until(() => worker.welcome?.ok, 'no welcome');
      const thief = farm.worker({ id: worker.id, identity: 'another-secret-of-its-own' });
      const answer = await until(() => thief.welcome, 'no answer');
      assert.equal(!answer.ok && answer.code, 'name-taken');
      const twin = farm.worker({ id: worker.id });
      await until(() => twin.welcome?.ok, 'the same worker was not let in');
      await until(() => !worker.socket.connected, 'the older connection stayed');
      worker.close();
      thief.close();
      twin.close();
    });

    test('draining, busy and released work goes elsewhere at once, without counting as an attempt', async () => {
      const { stage } = await farm.plant({ chunks: 2 });
      const leaving = farm.worker();
      const [first, second] = await assigns(leaving, 2);
      assert.ok(first && second);
      await leaving.start(first.lease);
      leaving.beat(true);
      await until(async () => (await statusOf(farm, leaving)) === 'draining', 'draining was not noticed');
      assert.deepEqual(await leaving.released([second.lease]), { ok: true });
      const busy = farm.worker();
      busy.answer = { ok: false, code: 'busy', message: 'No.' };
      await until(() => busy.assigns.length > 0, 'nothing offered');
      const other = farm.worker();
      const [taken] = await assigns(other, 1);
      assert.equal(taken?.chunk, second.chunk);
      assert.deepEqual(await leaving.leave(), { ok: true });
      const [, other1] = await assigns(other, 2);
      assert.equal(other1?.chunk, first.chunk);
      for (const it of [taken, other1]) assert.ok(it && (await other.done(it.lease)).ok);
      const rows = await farm.db
        .selectFrom('chunks')
        .select('attempts')
        .where('stage_id', '=', stage)
        .execute();
      assert.deepEqual(
        rows.map((row) => row.attempts),
        [1, 1],
      );
      for (const it of [leaving, busy, other]) it.close();
    });

    test('what waits behind a busy worker is taken back for one that joins, and a canceled job stops', async () => {
      const { job, stage } = await farm.plant({ chunks: 2 });
      const first = farm.worker();
      const [running, waiting] = await assigns(first, 2);
      assert.ok(running && waiting);
      await first.start(running.lease);
      const late = farm.worker();
      const [taken] = await assigns(late, 1);
      assert.equal(taken?.chunk, waiting.chunk);
      assert.deepEqual(first.reclaimed, [waiting.lease]);
      await setJob(farm.db, job, { state: 'canceled' });
      await until(() => first.revoked.length === 1 && late.revoked.length === 1, 'the work was not stopped');
      assert.deepEqual(await countStates(farm.db, stage), { canceled: 2 });
      const stopped = await first.done(running.lease);
      assert.equal(!stopped.ok && stopped.code, 'stale-lease');
      for (const it of [first, late]) it.close();
    });

    test('a chunk fails after three attempts, and not on one worker while another can try', async () => {
      const { stage } = await farm.plant({ chunks: 1 });
      const workers = [farm.worker({ name: 'a' }), farm.worker({ name: 'b' })];
      await until(() => workers.every((it) => it.welcome?.ok), 'no welcome');
      const tried: string[] = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const [worker, lease] = await until(() => holder(workers), 'nobody has it');
        tried.push(worker.id);
        assert.ok((await worker.failed(lease)).ok);
      }
      assert.notEqual(tried[0], tried[1]);
      assert.notEqual(tried[1], tried[2]);
      const row = await chunkRow(farm.db, stage, 0);
      assert.deepEqual([row.state, row.attempts, row.failure_code], ['failed', 3, 'blender/died']);
      for (const it of workers) it.close();
    });
  });
}

function holder(workers: FakeWorker[]): [FakeWorker, LeaseId] | undefined {
  for (const worker of workers) {
    const held = worker.assigns.find((assign) => worker.holds(assign.lease));
    if (held !== undefined) return [worker, held.lease];
  }
  return undefined;
}

const assigns = (worker: FakeWorker, count: number) =>
  until(
    () => (worker.assigns.length >= count ? worker.assigns : null),
    () => `it got ${worker.assigns.length} of ${count} chunks`,
    12_000,
  );

async function statusOf(farm: FarmUnderTest, worker: FakeWorker): Promise<string | undefined> {
  const row = await farm.db
    .selectFrom('workers')
    .select('status')
    .where('id', '=', worker.id)
    .executeTakeFirst();
  return row?.status;
}

/** Connects with the worker's token in the HTTP request, another one, or none. */
function refused(
  url: string,
  auth: object,
  namespace: '/workers' | '/control',
  bearer: string | null,
): Promise<{ code: string; message: string }> {
  const socket = io(`${url}${namespace}`, {
    transports: ['websocket'],
    auth,
    ...(bearer === null ? {} : { extraHeaders: { authorization: bearerOf(bearer) } }),
    reconnection: false,
    forceNew: true,
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => reject(new Error('It was let in')));
    socket.once('connect_error', (error: Error & { data?: { code: string; message: string } }) => {
      socket.close();
      if (error.data !== undefined) resolve(error.data);
      else if (isTokenRefused(error)) resolve({ code: '401', message: error.message });
      else reject(error);
    });
  });
}
