import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import {
  type BlobHash,
  chunkId,
  type JobId,
  type LeaseId,
  newId,
  type StageId,
} from '@parallel-pilot/shared/model/ids.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { signLease, signReceipt } from '@parallel-pilot/shared/server/signature.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';
import { parseRange } from '../http/send-blob.ts';

const random = (count: number) => randomBytes(count);
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex') as BlobHash;

test('a worker reads the inputs of its lease and delivers results, and nothing else', async (t) => {
  await exerciseLease(await start(t));
});

test('the same on MariaDB', async (t) => {
  const database = await startMariaDb();
  t.after(() => database.stop());
  const backend = await start(t, { databaseUrl: database.url });
  await exerciseLease(backend);

  database.kill();
  const away = await fetch(`${backend.url}/api/v1/workers`);
  const problem = Problem.parse(await away.json());
  assert.deepEqual([away.status, problem.code], [503, 'database-unavailable']);
  assert.match(problem.detail, /cannot be reached at the moment/);
  assert.equal((await fetch(`${backend.url}/readyz`)).status, 503);
  await database.restart();
  const back = await fetch(`${backend.url}/api/v1/workers`);
  assert.equal(back.status, 200, await back.text());
});

test('results are bounded, and must be what they were announced as', async (t) => {
  const backend = await start(t, { maxUploadBytes: 1000 });
  const { ask } = await grantLease(backend, []);
  const large = randomBytes(1001);
  assert.equal((await ask(hashOf(large), 'PUT', { body: large })).status, 413);
  const wrong = await ask(hashOf(large), 'PUT', { body: randomBytes(10) });
  assert.deepEqual([wrong.status, await codeOf(wrong)], [422, 'hash-mismatch']);
  assert.equal(await backend.parts.blobs.size(hashOf(large)), null);

  const part = [randomBytes(600), randomBytes(600)] as const;
  assert.equal((await ask(hashOf(part[0]), 'PUT', { body: part[0] })).status, 200);
  const more = await ask(hashOf(part[1]), 'PUT', { body: part[1] });
  assert.deepEqual([more.status, await codeOf(more)], [413, 'too-large'], 'together they are too large');
  assert.equal((await ask(hashOf(part[0]), 'PUT', { body: part[0] })).status, 200, 'the same once more');

  const { freeBytes } = backend.parts.blobs;
  const small = randomBytes(10);
  backend.parts.blobs.freeBytes = async () => 1_000;
  const full = await ask(hashOf(small), 'PUT', { body: small });
  assert.deepEqual([full.status, await codeOf(full)], [507, 'disk-full']);
  backend.parts.blobs.freeBytes = freeBytes;
  assert.equal((await ask(hashOf(small), 'PUT', { body: small })).status, 200);
});

test('a worker reads the shard of its own chunk, and no other of the same stage', async (t) => {
  const backend = await start(t);
  const store = async (bytes: Buffer) => {
    const written = await backend.parts.blobs.write(Readable.from([bytes]), { maxBytes: 1e9 });
    assert.ok(written.ok);
    return written.hash;
  };
  const [script, ...shards] = await Promise.all(
    [randomBytes(10), randomBytes(20), randomBytes(30)].map(store),
  );
  const specs = shards.map((hash, shard) => ({ round: 1, shard, data: { path: 'data.npz', hash, size: 1 } }));
  const training = { kind: 'training', stage: 'train' };
  for (const [own, chunkSpec] of specs.entries()) {
    const { ask } = await grantLease(backend, script === undefined ? [] : [script], {
      ...training,
      chunkSpec,
    });
    for (const [shard, hash] of shards.entries()) {
      const reply = await ask(hash);
      assert.equal(reply.status, shard === own ? 200 : 403, `shard ${shard} for the worker of ${own}`);
      if (shard !== own) assert.equal(await codeOf(reply), 'not-an-input');
    }
    assert.equal((await ask(script as BlobHash)).status, 200);
  }
});

test('ranges of bytes', () => {
  assert.deepEqual(parseRange('bytes=0-4', 10), { start: 0, end: 4 });
  assert.deepEqual(parseRange('bytes=4-', 10), { start: 4, end: 9 });
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 9 });
  assert.deepEqual(parseRange('bytes=-30', 10), { start: 0, end: 9 });
  assert.deepEqual(parseRange('bytes=8-100', 10), { start: 8, end: 9 });
  for (const whole of [undefined, 'bytes=-', 'bytes=5-4', 'bytes=0-1,3-4', 'frames=1-2', 'bytes=a-b']) {
    assert.equal(parseRange(whole, 10), null, whole);
  }
  for (const beyond of ['bytes=10-', 'bytes=-0'])
    assert.equal(parseRange(beyond, 10), 'unsatisfiable', beyond);
});

async function exerciseLease(backend: TestBackend): Promise<void> {
  const { parts } = backend;
  const scene = randomBytes(200_000);
  const input = hashOf(scene);
  const written = await parts.blobs.write(Readable.from([scene]), { maxBytes: 1e9 });
  assert.ok(written.ok);
  await insertBlobs(parts.db, [
    { hash: input, size: scene.length, media_type: 'application/octet-stream', created_at: 1 },
  ]);
  const { lease, ask } = await grantLease(backend, [input]);

  const whole = await ask(input);
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get('content-security-policy'), "sandbox; default-src 'none'");
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), scene);
  const part = await ask(input, 'GET', { headers: { range: 'bytes=1000-1999' } });
  assert.deepEqual([part.status, part.headers.get('content-range')], [206, 'bytes 1000-1999/200000']);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), scene.subarray(1000, 2000));
  const beyond = await ask(input, 'GET', { headers: { range: 'bytes=200000-' } });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */200000']);
  const head = await ask(input, 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '200000']);

  const frame = randomBytes(5000);
  for (const time of ['first', 'second']) {
    const put = await ask(hashOf(frame), 'PUT', { body: frame, headers: { 'content-type': 'image/png' } });
    assert.equal(put.status, 200, time);
    const received = { lease, hash: hashOf(frame), size: 5000 };
    const receipt = signReceipt(received, parts.secrets.signingKey);
    assert.deepEqual(await put.json(), { hash: hashOf(frame), size: 5000, receipt });
  }
  // What a worker stored is nobody's upload, until somebody hands it in too.
  const info = () => fetch(`${backend.url}/api/v1/blobs/${hashOf(frame)}/info`);
  assert.equal((await info()).status, 404);
  await noteTeamBlob(parts.db, parts.first.team, hashOf(frame), 1);
  assert.deepEqual(await (await info()).json(), { hash: hashOf(frame), size: 5000, mediaType: 'image/png' });

  const foreign = await ask(hashOf(frame));
  assert.deepEqual([foreign.status, await codeOf(foreign)], [403, 'not-an-input']);
  const forged = await ask(input, 'GET', { signature: signLease(lease, 'another key') });
  assert.deepEqual([forged.status, await codeOf(forged)], [403, 'bad-signature']);
  await parts.db.updateTable('leases').set({ ended_at: 5 }).where('id', '=', lease).execute();
  for (const method of ['GET', 'PUT']) {
    const ended = await ask(input, method);
    assert.deepEqual([ended.status, await codeOf(ended)], [410, 'lease-ended'], method);
  }
}

type Work = { kind: string; stage: string; chunkSpec: unknown };
const RENDERING: Work = { kind: 'blender', stage: 'render', chunkSpec: {} };

async function grantLease(
  { url, parts }: TestBackend,
  inputs: BlobHash[],
  { kind, stage: name, chunkSpec }: Work = RENDERING,
) {
  const job: JobId = newId('job', random);
  const stage: StageId = newId('stg', random);
  const lease: LeaseId = newId('lse', random);
  const inputs_json = JSON.stringify(inputs.map((hash) => ({ path: 'a.blend', hash, size: 1 })));
  const common = { job_id: job, ordinal: 0, spec_json: '{}' };
  await parts.db
    .insertInto('jobs')
    .values({
      id: job,
      team_id: parts.first.team,
      person_id: parts.first.person,
      kind,
      name: 'a',
      state: 'running',
      priority: 0,
      spec_json: '{}',
      created_at: 1,
      updated_at: 1,
    })
    .execute();
  await parts.db
    .insertInto('stages')
    .values({
      ...common,
      id: stage,
      name,
      state: 'open',
      inputs_json,
      requirements_json: '[]',
      affinity: '',
      chunk_count: 1,
      planned_at: 1,
    })
    .execute();
  await parts.db
    .insertInto('chunks')
    .values({
      ...common,
      id: chunkId(stage, 0),
      stage_id: stage,
      state: 'leased',
      attempts: 0,
      spec_json: JSON.stringify(chunkSpec),
    })
    .execute();
  await parts.db
    .insertInto('leases')
    .values({
      id: lease,
      chunk_id: chunkId(stage, 0),
      job_id: job,
      worker_id: newId('wrk', random),
      granted_at: 1,
    })
    .execute();
  const ask = (
    hash: BlobHash,
    method = 'GET',
    {
      body,
      headers = {},
      signature = signLease(lease, parts.secrets.signingKey),
    }: { body?: Buffer; headers?: Record<string, string>; signature?: string } = {},
  ) =>
    fetch(`${url}/api/v1/blobs/${hash}?lease=${lease}&signature=${signature}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
  return { lease, ask };
}

const codeOf = async (response: Response) => Problem.parse(await response.json()).code;

async function start(
  t: { after(end: () => Promise<void>): void },
  given: { maxUploadBytes?: number; databaseUrl?: string } = {},
): Promise<TestBackend> {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, ...given });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  return backend;
}
