import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import { until } from '../../../tests/support/until.ts';
import { LentText, parseLending, threadsIn } from '../lending-text.ts';
import { fakeKind } from './fixtures/fake-kind.ts';
import { TestWorld } from './fixtures/test-worker.ts';

const NIGHTS = { PILOT_HOURS: '22:00-06:00', PILOT_TIME_ZONE: 'Europe/Berlin' };
const NOON = Date.parse('2026-11-22T11:00Z');
const NIGHT = Date.parse('2026-11-22T21:00Z');
const MORNING = Date.parse('2026-11-23T05:00Z');

test('a worker takes work in its hours alone: when they are over it gives back what has not begun, and finishes the rest', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  let now = NOON;
  world.start(NIGHTS, undefined, { clock: () => now });
  const hello = await farm.heard('hello');
  const closed = { open: false, because: 'hours', from: NIGHT, timeZone: 'Europe/Berlin' };
  assert.deepEqual(hello.lent, closed);
  assert.deepEqual(await farm.send('assign', world.newAssign({ name: 'early' })).then(codeOf), 'busy');

  now = NIGHT;
  await farm.heard('heartbeat', (it) => it.lent?.open === true && it.lent.until === MORNING);
  const first = await world.assign({ name: 'first', gate: world.gate('gate') });
  await farm.heard('started', (it) => it.lease === first.lease);
  const second = await world.assign({ name: 'second' });
  now = MORNING;
  await farm.heard('heartbeat', (it) => it.lent?.open === false);
  const released = await farm.heard('released');
  assert.deepEqual(
    [released.leases, released.reason],
    [[second.lease], 'The hours of this machine are over.'],
  );
  assert.deepEqual(await farm.send('assign', world.newAssign({ name: 'late' })).then(codeOf), 'busy');
  await world.openGate('gate');
  await farm.heard('done', (it) => it.lease === first.lease);
  assert.deepEqual(world.runs, ['first']);
});

test('the strictest holds of what it is started with, of its file and of the farm, and each may change while it runs', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const file = join(world.folder, 'lending.json');
  await writeFile(file, JSON.stringify({ memoryGb: 2, kinds: ['fake', 'other'] }));
  farm.lending = { memoryBytes: 3e9, diskBytes: 5e6 };
  world.start({ PILOT_LENDING_FILE: file, PILOT_DISK_GB: '0.004' });
  const hello = await farm.heard('hello');
  assert.deepEqual(hello.lending, { memoryBytes: 2e9, kinds: ['fake', 'other'] });
  assert.ok(hello.offer.memoryBytes <= 2e9);
  // It is told what the farm lets it lend with its welcome.
  await farm.heard('heartbeat', (it) => it.offer?.diskBytes === 4e6);

  await farm.send('lend', { lending: { memoryBytes: 1e9 } });
  await farm.heard('heartbeat', (it) => (it.offer?.memoryBytes ?? 9e9) <= 1e9);
  await farm.send('lend', { lending: {} });
  const ahead = farm.all('heartbeat').length;
  await writeFile(file, JSON.stringify({ memoryGb: 0.5 }));
  await farm.heard('heartbeat', (it) => (it.offer?.memoryBytes ?? 9e9) <= 5e8);
  assert.ok(farm.all('heartbeat').length > ahead);
  // What nobody can read changes nothing.
  await writeFile(file, '{ "memoryGb": ');
  await farm.send('lend', { lending: { kinds: ['other'] } });
  const again = await farm.heard('hello', (it) => it !== hello);
  assert.deepEqual([again.capabilities.kinds, again.offer.memoryBytes <= 5e8], [[], true]);
});

test('folders are lent as data by the names that start, file and farm leave, and a change is told', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const file = join(world.folder, 'lending.json');
  await writeFile(file, JSON.stringify({ data: { notes: '/srv/notes' } }));
  world.start({ PILOT_LENDING_FILE: file, PILOT_LEND_DATA: 'wards=/srv/wards' });
  const first = await farm.heard('hello');
  assert.deepEqual(first.capabilities[LENT_DATA], ['notes', 'wards']);
  await farm.send('lend', { lending: { data: ['wards'] } });
  const narrowed = await farm.heard('hello', (it) => it !== first);
  assert.deepEqual(narrowed.capabilities[LENT_DATA], ['wards']);
});

test('what is not begun under new terms goes back, and threads of a chunk are a part of those that are lent', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const threads: number[] = [];
  const kind = fakeKind();
  const seen = {
    ...kind,
    createRunner: (options: Parameters<typeof kind.createRunner>[0]) => {
      threads.push(options.threads);
      return kind.createRunner(options);
    },
  };
  world.start({}, [seen]);
  await farm.heard('hello');
  const first = await world.assign({ name: 'first', gate: world.gate('gate') });
  await farm.heard('started', (it) => it.lease === first.lease);
  const second = await world.assign({ name: 'second' });
  await farm.send('lend', { lending: { threads: 1 } });
  assert.deepEqual((await farm.heard('released')).leases, [second.lease]);
  await world.openGate('gate');
  await farm.heard('done', (it) => it.lease === first.lease);
  await world.assign({ name: 'third' });
  await until(() => world.runs.includes('third'), 'the third chunk was not run');
  assert.equal(threads.at(-1), 1);
});

test('settings and the file say it in words', () => {
  assert.deepEqual(
    parseLending(
      '{"threads":"50%","hours":"sat","timeZone":"UTC","onlyIdle":true,"diskGb":1.5,"data":{"wards":"/srv/w"}}',
    ),
    {
      lending: {
        threadsPercent: 50,
        diskBytes: 1.5e9,
        hours: [{ timeZone: 'UTC', spans: [{ days: ['sat'], from: '00:00', to: '24:00' }] }],
        onlyIdle: true,
      },
      folders: { wards: '/srv/w' },
    },
  );
  assert.throws(() => parseLending('{"hours":"night"}'), /no span of hours/);
  assert.throws(() => parseLending('{"thread":1}'), /did you mean/);
  assert.throws(() => parseLending('{"data":{"wards":"w"}}'), /whole path/);
  assert.deepEqual(LentText.parse('a=/srv/a, b=/srv/b=c'), { a: '/srv/a', b: '/srv/b=c' });
  assert.throws(() => LentText.parse('/srv/a'), /name=\/path/);
  assert.deepEqual([threadsIn('50%', 9), threadsIn('12', 9), threadsIn('1%', 9)], [4, 12, 1]);
  assert.ok(threadsIn('100%') === availableParallelism());
});

const codeOf = (reply: { ok: boolean; code?: string }): string => (reply.ok ? 'ok' : (reply.code ?? ''));
