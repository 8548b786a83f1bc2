import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { JOB_ID, refusal, sampleJob, startSmallFarm } from '../fixtures/small-farm.ts';
import { createApi } from './client.ts';
import { addressOf } from './connect.ts';
import { findJob } from './find-job.ts';
import { patiently } from './patience.ts';
import { ApiError, UnreachableError } from './request.ts';
import { saveFile } from './save.ts';

const id = JobId.parse(JOB_ID);
const never = new AbortController().signal;

describe('the API client', () => {
  test('sends the key and parses the reply', async () => {
    const farm = await startSmallFarm(() => ({ body: sampleJob() }));
    const job = await createApi({ url: farm.url, key: 'secret' }).job(id);
    assert.equal(job.name, 'cubes');
    assert.deepEqual(
      farm.asked.map(({ path, key }) => ({ path, key })),
      [{ path: `/api/v1/jobs/${JOB_ID}`, key: 'secret' }],
    );
    await farm.stop();
  });

  test('turns a problem document into its sentence, and says how to give a key', async () => {
    const farm = await startSmallFarm(() => refusal(401, 'sign-in-required', 'Sign in.'));
    await assert.rejects(createApi({ url: farm.url, key: null }).jobs(), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.code, 'sign-in-required');
      assert.match(
        error.message,
        /^Sign in\. Sign in with "pilot login", or give a key in a file with --key-file/,
      );
      return true;
    });
    await farm.stop();
  });

  test('names the address where nobody answers', async () => {
    const api = createApi({ url: 'http://127.0.0.1:9', key: null });
    await assert.rejects(
      api.jobs(),
      (error) => error instanceof UnreachableError && /^No farm answers at http:\/\/127/.test(error.message),
    );
  });

  test('asks again on 502, 503, 504 and a cut connection, where that does nothing twice', async () => {
    const asked: string[] = [];
    let troubles: (number | 'cut')[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const trouble = troubles.shift();
      if (trouble === 'cut') request.socket.destroy();
      else if (trouble !== undefined) response.writeHead(trouble).end('{}');
      else response.end(JSON.stringify(sampleJob()));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const api = createApi({ url: `http://127.0.0.1:${port}`, key: null });
    const askedWith = async (trouble: typeof troubles, ask: () => Promise<unknown>) => {
      asked.length = 0;
      troubles = [...trouble];
      await ask();
      return asked.length;
    };
    for (const trouble of [502, 503, 504, 'cut'] as const) {
      assert.equal(await askedWith([trouble, trouble], () => api.job(id)), 3, `GET after ${trouble}`);
      assert.equal(await askedWith([trouble], () => api.prioritize(id, 3)), 2, `PATCH after ${trouble}`);
      assert.equal(await askedWith([trouble], () => api.delete(id)), 2, `DELETE after ${trouble}`);
      assert.equal(await askedWith([trouble], () => assert.rejects(api.act(id, 'retry'))), 1, `POST`);
    }
    assert.equal(await askedWith(['cut', 404], () => api.delete(id)), 2, 'the first one had been heard');
    assert.equal(await askedWith([500], () => assert.rejects(api.job(id))), 1);
    server.close();
    server.closeAllConnections();
  });

  test('sends anything again to a farm that is just starting', async () => {
    let starting = 2;
    const farm = await startSmallFarm(() => {
      starting -= 1;
      return starting >= 0 ? refusal(503, 'starting', 'Just starting.') : { body: {} };
    });
    await createApi({ url: farm.url, key: null }).act(id, 'pause');
    assert.equal(farm.asked.length, 3);
    await farm.stop();
  });

  test('an answer that is cut short is none, and is waited for as such', async () => {
    let cut = 2;
    const server = createServer((_request, response) => {
      const answer = JSON.stringify(sampleJob());
      response.writeHead(200, { 'content-length': String(answer.length) });
      cut -= 1;
      if (cut < 0) response.end(answer);
      else response.write(answer.slice(0, 100), () => response.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const api = createApi({ url: `http://127.0.0.1:${port}`, key: null });
    await assert.rejects(api.job(id), /^UnreachableError: No farm answers at http/);
    assert.equal((await patiently(() => api.job(id))).id, sampleJob().id);
    server.close();
    server.closeAllConnections();
  });

  test('says so when a reply is not what the contract says', async () => {
    const farm = await startSmallFarm(() => ({ body: { jobs: 'many' } }));
    await assert.rejects(createApi({ url: farm.url, key: null }).jobs(), /was not understood/);
    await farm.stop();
  });

  test('takes 404 for a file that the farm has not got', async () => {
    const farm = await startSmallFarm(() => null);
    assert.equal(await createApi({ url: farm.url, key: null }).blob(BlobHash.parse('0'.repeat(64))), null);
    await farm.stop();
  });

  test('finds a job by the beginning of its id', async () => {
    const other = 'job_abzzzzzzzz0123456789';
    const jobs = [sampleJob(), sampleJob({ id: other })];
    const farm = await startSmallFarm(() => ({ body: { jobs, next: null, total: 2, states: {} } }));
    const api = createApi({ url: farm.url, key: null });
    assert.equal(await findJob(api, 'abc'), JOB_ID);
    assert.equal(await findJob(api, 'job_abz'), other);
    await assert.rejects(findJob(api, 'ab'), /^SentenceError: Several jobs begin with "ab"/);
    await assert.rejects(findJob(api, 'x'), /No job begins with "x"/);
    await farm.stop();
  });

  test('understands addresses as people write them', () => {
    assert.equal(addressOf('farm:3000'), 'http://farm:3000');
    assert.equal(addressOf('https://farm.example/'), 'https://farm.example');
    assert.throws(() => addressOf('http://'), /is not the address of a farm/);
  });
});

describe('a saved file', () => {
  const bytes = Buffer.from('a picture');
  const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;

  test('is whole, and is not fetched again when it is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pilot-save-'));
    const farm = await startSmallFarm(() => ({ body: bytes, headers: { etag } }));
    const api = createApi({ url: farm.url, key: null });
    const to = join(folder, 'frames', '0001.png');
    assert.equal(await saveFile(api, '/f', to, never), bytes.length);
    assert.deepEqual(await readFile(to), bytes);
    assert.equal(await saveFile(api, '/f', to, never), bytes.length);
    await writeFile(to, 'something else');
    await saveFile(api, '/f', to, never);
    assert.deepEqual(await readFile(to), bytes);
    assert.deepEqual(await readdir(join(folder, 'frames')), ['0001.png']);
    await farm.stop();
    await rm(folder, { recursive: true });
  });

  test('that came damaged is fetched again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pilot-save-'));
    let times = 0;
    const farm = await startSmallFarm(() => {
      times += 1;
      return { body: times === 1 ? Buffer.from('a pixture') : bytes, headers: { etag } };
    });
    const to = join(folder, '0001.png');
    await saveFile(createApi({ url: farm.url, key: null }), '/f', to, never);
    assert.deepEqual(await readFile(to), bytes);
    assert.equal(times, 2);
    await farm.stop();
    await rm(folder, { recursive: true });
  });
});
