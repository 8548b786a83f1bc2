import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { keepsShown, ShownList, ShownTable } from '@parallel-pilot/shared/kinds/training/shown.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import sharp from 'sharp';
import { fromBufferPromise } from 'yauzl';
import { until } from '../../../../../tests/support/until.ts';
import { startTestBackend, type TestBackend, temporaryFolder } from '../../../app.fixture.ts';
import { openStage } from '../../../jobs/test-farm.fixture.ts';
import { type Delivery, deliver, deliverAll, inFirstRound, settled } from '../training.fixture.ts';

let backend: TestBackend;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  folder = await temporaryFolder();
  backend = await startTestBackend({ dataFolder: folder.path });
});
after(async () => {
  await backend.stop();
  await folder.remove();
});

const get = (path: string, headers = {}) => fetch(`${backend.url}/api/v1/jobs/${path}`, { headers });
const listed = async (job: JobId, query = '') =>
  ShownList.parse(await (await get(`${job}/shown${query}`)).json());

type Shows = NonNullable<Delivery['shown']>;
const red = { create: { width: 4, height: 2, channels: 3, background: '#f01020' } } as const;
const png = await sharp(red).png().toBuffer();
const table = { columns: ['a'], names: ['first'], rows: [[1]] };
const image = (name: string, bytes = png, size = { width: 4, height: 2 }): Shows[number] => ({
  what: { kind: 'image', name, ...size },
  bytes,
});
const SHOWN: Shows = [
  { what: { kind: 'table', name: 'counts', shade: true }, bytes: Buffer.from(JSON.stringify(table)) },
  image('red'),
];

/** One round of two shards of which the first shows this, as the merged model does. */
async function oneRound(job: JobId, shown: Shows): Promise<void> {
  const { parts } = backend;
  const stage = await openStage(parts, job);
  // What a shard keeps is let go a round later than the rest: what it shows is not to go with that.
  await deliver(parts, job, 0, { shown, kept: [1] });
  await deliver(parts, job, 1, { kept: [1] });
  await settled(parts, job, stage.id);
  await deliverAll(parts, job, { shown, metrics: { accuracy: 0.5 } });
}

test('what a script shows is listed by round and shard, and its pictures come decoded in a box', async () => {
  const job = await inFirstRound(backend.parts, { settings: { shards: 2, rounds: 3 } });
  assert.deepEqual(await listed(job), { rounds: [], round: null, shown: [] });
  assert.equal((await get(`${job}/artifacts/shown.zip`)).status, 404);
  await deliver(backend.parts, job, 0, { shown: SHOWN });
  assert.deepEqual(
    (await listed(job)).shown.map((one) => [one.shard, one.place, one.what.name]),
    [
      [1, 0, 'counts'],
      [1, 1, 'red'],
    ],
  );
  const stage = await openStage(backend.parts, job);
  await deliver(backend.parts, job, 1);
  await settled(backend.parts, job, stage.id);
  await deliverAll(backend.parts, job, { shown: SHOWN.slice(1) });
  const now = await listed(job);
  assert.deepEqual([now.rounds, now.round, now.shown.map((one) => one.shard)], [[1], 1, [null, 1, 1]]);
  assert.deepEqual((await listed(job, '?round=2')).shown, []);

  const answer = await get(`${job}/shown/1/merged/0/picture`);
  assert.equal(answer.headers.get('content-type'), 'image/webp');
  assert.match(answer.headers.get('content-security-policy') ?? '', /sandbox/);
  const { data, info } = await sharp(Buffer.from(await answer.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, [...data.subarray(0, 3)]], [4, 2, [0xf0, 0x10, 0x20]]);
  const tag = { 'if-none-match': answer.headers.get('etag') ?? '' };
  assert.equal((await get(`${job}/shown/1/merged/0/picture`, tag)).status, 304);
  assert.deepEqual(ShownTable.parse(await (await get(`${job}/shown/1/1/0/table`)).json()), table);
  assert.equal((await get(`${job}/shown/1/1/0/picture`)).status, 404, 'a table is no picture');
  assert.equal((await get(`${job}/shown/1/2/0/picture`)).status, 404, 'nothing of the second shard');

  const zip = await fromBufferPromise(
    Buffer.from(await (await get(`${job}/artifacts/shown.zip`)).arrayBuffer()),
  );
  const names: string[] = [];
  for await (const entry of zip.eachEntry()) names.push(entry.fileName);
  assert.deepEqual(names, ['0001/merged-1-red.png', '0001/shard-1-1-counts.json', '0001/shard-1-2-red.png']);
});

test('bytes that are not what their chunk said, or no picture at all, are not shown', async () => {
  const job = await inFirstRound(backend.parts, { settings: { shards: 1, rounds: 2 } });
  const large = await sharp({ create: { ...red.create, width: 3_000, height: 3_000 } })
    .png()
    .toBuffer();
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="4" height="2"/></svg>';
  const bad: Shows = [
    image('of another size', png, { width: 5, height: 2 }),
    image('large', large),
    image('cut', png.subarray(0, 60)),
    image('of another format', Buffer.from(svg)),
    image('a jpeg', await sharp(red).jpeg().toBuffer()),
    {
      what: { kind: 'table', name: 'no table', shade: false },
      bytes: Buffer.from('{"columns": [], "rows": [{}]}'),
    },
  ];
  await deliver(backend.parts, job, 0, { shown: bad });
  assert.equal((await listed(job)).shown.length, bad.length);
  for (const [place, { what }] of bad.entries()) {
    const answer = await get(`${job}/shown/1/1/${place}/${what.kind === 'table' ? 'table' : 'picture'}`);
    assert.deepEqual([answer.status, (await answer.json()).code], [404, 'shown-unreadable'], what.name);
  }
});

test('of a long training some rounds are kept, and what was made of pictures goes with them', async () => {
  const job = await inFirstRound(backend.parts, { settings: { shards: 2, rounds: 130 } });
  const rounds = Array.from({ length: 130 }, (_, at) => at + 1).filter((one) =>
    keepsShown({ rounds: 130 }, one),
  );
  assert.deepEqual([rounds[0], rounds.at(-1), rounds.length], [3, 130, 44]);
  // A picture of its own: the store has equal ones once.
  const own = [
    image(
      'own',
      await sharp({ create: { ...red.create, background: '#123456' } })
        .png()
        .toBuffer(),
    ),
  ];
  const { parts } = backend;
  const stage = await openStage(parts, job);
  await deliver(parts, job, 0, { shown: own });
  assert.equal((await get(`${job}/shown/1/1/0/picture`)).status, 200);
  const made = async () =>
    (await readdir(join(folder.path, 'thumbnails'), { recursive: true })).filter((name) =>
      name.endsWith('.webp'),
    );
  const before = (await made()).length;
  await deliver(parts, job, 1);
  await settled(parts, job, stage.id);
  await deliverAll(parts, job, { shown: SHOWN });
  assert.deepEqual(
    (await listed(job)).shown.map((one) => one.shard),
    [null, null],
    "the shard's are let go",
  );
  await until(async () => (await made()).length === before - 1, 'the picture that was made stays');
  await oneRound(job, SHOWN);
  assert.deepEqual((await listed(job, '?round=1')).shown, []);
  await oneRound(job, SHOWN);
  await oneRound(job, SHOWN);
  assert.deepEqual((await listed(job)).rounds, [3, 4]);
  assert.deepEqual((await listed(job, '?round=3')).shown.length, 4);
});
