import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { type BlobHash, type LeaseId, newId } from '@parallel-pilot/shared/model/ids.ts';
import { handshake } from '@parallel-pilot/shared/protocol/handshake.ts';
import type { Assign, DeliveredFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { forgetIdleWorkers } from '@parallel-pilot/shared/server/db/workers.ts';
import sharp from 'sharp';
import { io } from 'socket.io-client';
import { PROBE } from '../../client-backend/src/jobs/test-farm.fixture.ts';
import { floats, npzBytes } from '../../client-backend/src/kinds/training/data/npz.fixture.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { HostileWorker, hashOf, workerToken } from '../support/hostile-worker.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { until } from '../support/until.ts';

const offerOf = (more: object = {}) => ({
  ...{ threads: 1, memoryBytes: 1, diskBytes: 1, gpus: [], counts: {} },
  ...more,
});

/** The least that passes for a file saved by Blender 3.4: a header and the block that ends it. */
const BLEND = Buffer.concat([Buffer.from('BLENDER-v304ENDB'), Buffer.alloc(20)]);
const BLENDER = {
  kinds: ['blender'],
  'blender.version': '3.4.1',
  'blender.engines': ['CYCLES'],
  'blender.denoiser': false,
};
const TRAINER = { kinds: ['training'], 'training.modules': ['numpy', 'pilot'] };
const INITIALIZED = { parameters: 2, seconds: 1 };

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const) {
  describe(`a worker with a token and leases, on ${column}`, () => {
    let farm: Farm;
    let folder: string;
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    /** A file of somebody else's: it has the form of weights, so that the check of weights would let it pass. */
    let secret: Buffer;
    let worker: HostileWorker;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pilot-leases-'));
      database = await startDatabase();
      farm = await startFarm({ workers: 0, ...(database === null ? {} : { databaseUrl: database.url }) });
      secret = await npzBytes({ salaries: floats([1, 2, 3, 4]) });
      assert.equal(await give('salaries.npz', secret), hashOf(secret));
      worker = await HostileWorker.join(farm, { capabilities: TRAINER, slots: 16 });
    });
    after(async () => {
      worker?.close();
      await farm?.stop();
      await database?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function give(name: string, bytes: Buffer | string): Promise<BlobHash> {
      await writeFile(join(folder, name), bytes);
      return api(farm.url).upload(join(folder, name));
    }

    /** A lease for the first weights of a training of its own. */
    async function lease(): Promise<Assign> {
      const rows = Array.from({ length: 40 }, () => `${Math.random()},${Math.round(Math.random())}\n`);
      await api(farm.url).create({
        kind: 'training',
        script: { blob: await give('train.py', 'import numpy\nimport pilot\n'), fileName: 'train.py' },
        data: { blob: await give('data.csv', `a,label\n${rows.join('')}`), fileName: 'data.csv' },
        settings: { shards: 2, rounds: 1 },
      });
      return worker.lease('initialize');
    }
    const deliver = async (to: Assign, file: DeliveredFile) => {
      const reply = await worker.done(to.lease, { result: INITIALIZED, files: [file] });
      return reply.ok ? 'ok' : reply.code;
    };

    test("a result names only what its lease uploaded, so nobody's file is handed to the next lease", async () => {
      const [mine, other] = [await lease(), await lease()];
      const stolen = { name: FILES.weights, hash: hashOf(secret), size: secret.length, mediaType: 'a/b' };
      const weights = await npzBytes({ w: floats([1, 2]) });
      const honest = await worker.upload(mine, FILES.weights, weights);
      const attempts: [string, DeliveredFile][] = [
        ['no receipt', { ...stolen, receipt: '' }],
        ['an invented one', { ...stolen, receipt: 'ab'.repeat(32) }],
        ["the lease's own signature", { ...stolen, receipt: mine.signature }],
        ['the receipt of another file', { ...stolen, receipt: honest.receipt }],
        ['another size', { ...honest, size: honest.size + 1 }],
        ['the receipt of another lease', await worker.upload(other, FILES.weights, weights)],
      ];
      for (const [what, file] of attempts) assert.equal(await deliver(mine, file), 'not-uploaded', what);
      const unheard = { ...stolen, hash: hashOf(randomBytes(9)), receipt: '' };
      assert.equal(await deliver(mine, unheard), 'not-uploaded', 'the reply tells whether a file is stored');

      assert.equal(await deliver(mine, honest), 'ok');
      const next = await worker.lease('train');
      assert.ok(next.inputs.some((input) => input.hash === honest.hash));
      assert.equal((await worker.blob(next, honest.hash)).status, 200);
      for (const method of ['GET', 'HEAD'])
        assert.equal((await worker.blob(next, hashOf(secret), method)).status, 403, method);
    });

    test('what is stored, and how large it is, is not told to somebody who has not got it', async () => {
      const mine = await lease();
      const answers = async (hash: BlobHash, body: Buffer) => {
        const response = await worker.blob(mine, hash, 'PUT', body);
        return [response.status, (await response.text()).replaceAll(hash, 'HASH')];
      };
      const absent = hashOf(randomBytes(9));
      for (const body of [Buffer.alloc(0), randomBytes(1), randomBytes(secret.length)]) {
        const there = await answers(hashOf(secret), body);
        assert.deepEqual(there, await answers(absent, body), `${body.length} bytes`);
        assert.equal(there[0], 422);
      }
      for (const method of ['GET', 'HEAD']) {
        const [there, gone] = [
          await worker.blob(mine, hashOf(secret), method),
          await worker.blob(mine, absent, method),
        ];
        assert.deepEqual([there.status, gone.status], [403, 403], method);
        assert.equal(await there.text(), await gone.text());
      }
    });

    test('a frame is of the size that was asked for, whatever its worker says', async (t) => {
      const join = async () => {
        const joined = await HostileWorker.join(farm, { capabilities: BLENDER, slots: 8 });
        t.after(() => joined.close());
        return joined;
      };
      const liar = await join();
      const settings = {
        frames: '1-3',
        resolutionX: 32,
        resolutionY: 32,
        percentage: 100,
        video: 'none' as const,
      };
      const create = api(farm.url).create;
      const source = { blob: await give('scene.blend', BLEND), fileName: 'scene.blend' };
      const job = await create({ kind: 'blender', source, settings });
      const refused = async (lease: LeaseId, result: unknown) => {
        const reply = await liar.done(lease, { result });
        return reply.ok ? 'ok' : [reply.code, reply.message];
      };
      const probe = await liar.lease('probe');
      const form = 'The report of the worker does not have the form it should have.';
      assert.deepEqual(await refused(probe.lease, { scenes: 'none' }), ['invalid-message', form]);
      assert.deepEqual(await liar.done((await liar.lease('probe')).lease, { result: PROBE }), {
        ok: true,
      });

      const image = async (size: number) =>
        sharp({ create: { width: size, height: size, channels: 3, background: 'red' } })
          .png()
          .toBuffer();
      const [small, large] = [await image(32), await image(64)];
      const report = (assign: Assign, size: number) => {
        const { frame } = assign.chunkSpec as { frame: number };
        return { frame, width: size, height: size, renderMs: 1 };
      };
      const first = await liar.lease('render');
      const message = `Frame ${report(first, 0).frame} is 64 x 64 pixels, and 32 x 32 were asked for.`;
      assert.deepEqual(await refused(first.lease, report(first, 64)), ['invalid-message', message]);
      const second = await liar.lease('render');
      const other = { ...report(second, 32), frame: 7 };
      assert.match(
        String(await refused(second.lease, other)),
        /^invalid-message,The report on frame \d is about frame 7/,
      );

      liar.close();

      const painter = await join();
      // Two of three are large, though all are said to be small: what most of them have is not what was asked for.
      const made = new Map<number, Buffer>();
      const render = async () => {
        const assign = await painter.lease('render');
        const result = report(assign, 32);
        const bytes = made.has(result.frame) || made.size === 2 ? small : large;
        made.set(result.frame, bytes);
        const files = [await painter.upload(assign, 'frame', bytes)];
        assert.deepEqual(await painter.done(assign.lease, { result, files }), { ok: true });
      };
      for (let count = 0; count < 5; count += 1) await render();
      const { notes, counts } = await api(farm.url).reaches(job, 'completed');
      assert.equal(counts.done, 3);
      const told = notes.find((note) => note.code === 'results-redone')?.message ?? '';
      assert.match(
        told,
        /2 unusable results, made again: Frame \d: the image is 64x64 pixels, and 32x32 were expected/,
      );
    });

    test('who has the bytes may send what is here already, and name it', async () => {
      const [mine, other] = [await lease(), await lease()];
      const weights = await npzBytes({ w: floats([5, 6]) });
      const first = await worker.upload(mine, FILES.weights, weights);
      const second = await worker.upload(other, FILES.weights, weights);
      assert.deepEqual([second.hash, second.size], [first.hash, weights.length]);
      assert.notEqual(second.receipt, first.receipt);
      assert.equal(await deliver(other, second), 'ok');
      assert.equal(await deliver(mine, first), 'ok');
    });

    test('one token makes no crowd: identities are bounded by time, by connection, and by what is kept', async (t) => {
      const connectNewcomer = async () => {
        const token = await workerToken(farm);
        const socket = io(`${farm.balancerUrl}/workers`, { ...handshake(token), forceNew: true });
        t.after(() => socket.close());
        const hello = async (more: object = {}): Promise<string> => {
          const given = {
            worker: newId('wrk', randomBytes),
            identity: randomBytes(16).toString('hex'),
            instance: randomBytes(16).toString('hex'),
            name: 'one of many',
            slots: 1,
            offer: offerOf(),
            capabilities: {},
            machine: { os: 'Linux', cpus: 1, memoryBytes: 1 },
            blobs: [],
            leases: [],
            ...more,
          };
          const reply = await socket.emitWithAck('hello', given);
          return reply.ok ? 'ok' : reply.code;
        };
        return { socket, hello };
      };
      const { socket, hello } = await connectNewcomer();
      const names = (count: number) => Array.from({ length: count }, (_, one) => `a.${one}`);
      const oversized: [string, object][] = [
        ['keys', { capabilities: Object.fromEntries(names(65).map((name) => [name, true])) }],
        ['long lists', { capabilities: { a: names(2_000).map((name) => name.padEnd(20)) } }],
        ['another form', { capabilities: { a: { b: { c: 1 } } } }],
        ['GPUs without end', { offer: offerOf({ gpus: Array(65).fill({ name: 'a', memoryBytes: 1 }) }) }],
        [
          'counts without end',
          { offer: offerOf({ counts: Object.fromEntries(names(33).map((one) => [one, 1])) }) },
        ],
        ['a name of two lines', { offer: offerOf({ gpus: [{ name: 'a\nb', memoryBytes: 1 }] }) }],
        ['memory without end', { offer: offerOf({ memoryBytes: 1e300 }) }],
        ['a long system', { machine: { os: 'x'.repeat(129), cpus: 1, memoryBytes: 1 } }],
      ];
      for (const [what, more] of oversized) assert.equal(await hello(more), 'invalid-message', what);
      assert.equal(await hello(), 'ok');
      assert.equal(await hello(), 'not-allowed', 'one connection spoke for two workers');
      socket.close();

      const started = performance.now();
      const answers = new Map<string, number>();
      const many = await Promise.all(Array.from({ length: 20 }, connectNewcomer));
      await Promise.all(
        many.map(async (one) => {
          for (let count = 0; count < 60; count += 1) {
            const answer = await one.hello();
            answers.set(answer, (answers.get(answer) ?? 0) + 1);
            if (answer === 'ok') await one.socket.emitWithAck('leaving', { reason: 'another one comes' });
          }
        }),
      );
      const seconds = (performance.now() - started) / 1_000;
      const [made = 0, refused = 0] = [answers.get('ok'), answers.get('too-many-workers')];
      assert.equal(made + refused, 1_200, JSON.stringify([...answers]));
      assert.ok(made <= 1_000 + 5 * (seconds + 1), `${made} identities in ${seconds} s`);
      assert.ok(refused > 0);
      const known = await HostileWorker.join(farm, { id: worker.id, capabilities: TRAINER, slots: 16 });
      known.close();

      const idle = async () => {
        const rows = farm.db.selectFrom('workers').select('id').where('status', '=', 'offline');
        return (await rows.where('chunks_done', '=', 0).where('chunks_failed', '=', 0).execute()).length;
      };
      await until(async () => (await idle()) >= made, 'not all of them are gone');
      await farm.db.updateTable('workers').set({ chunks_done: 1 }).where('id', '=', worker.id).execute();
      await forgetIdleWorkers(farm.db, Date.now());
      assert.ok((await idle()) <= 1_000);
      await forgetIdleWorkers(farm.db, Date.now() + 25 * 3_600_000);
      assert.equal(await idle(), 0);
      const left = await farm.db.selectFrom('workers').select('id').execute();
      assert.ok(
        left.some(({ id }) => id === worker.id),
        'a worker that has worked is forgotten',
      );
    });
  });
}
