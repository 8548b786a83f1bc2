import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ChannelView } from '@parallel-pilot/shared/api/notifications.ts';
import { readCliConfig } from '../config.ts';
import { startSmallFarm } from '../fixtures/small-farm.ts';
import { notificationsCommand } from './notifications.ts';

const PATH = '/api/v1/account/notifications';
const channel = (id: string, address: string) =>
  ChannelView.parse({
    ...{ id, type: 'webhook', name: '', address, browser: null, team: null, events: ['done'] },
    ...{ createdAt: 1, failing: null },
  });
const HOOK = channel('nch_aaaaaaaa', 'https://hooks.example/a');
const notice = (id: string, at: number, state: 'sent' | 'waiting') => ({
  ...{ id, event: 'failed', job: { id: 'job_aaaaaaaa', name: 'Orbit' }, message: 'No camera.', at, state },
  ...{ nextAt: null, tries: [] },
});

const onSite = (id: number, at: number) => ({
  ...{
    id,
    event: 'failed',
    job: { id: 'job_aaaaaaaa', name: 'Orbit' },
    message: 'No camera.',
    at,
    isNew: true,
  },
});

test('what was told is listed newest first, without the secret; channels are added, changed, tested and removed', async (t) => {
  const channels = [HOOK, channel('nch_bbbbbbbb', 'https://hooks.example/b')];
  const farm = await startSmallFarm(({ method, path }) => {
    if (method === 'DELETE' || path.endsWith('/test')) return { status: 200, body: {} };
    if (path === `${PATH}/${HOOK.id}/log`)
      return { body: { secret: 'whsec_x', notices: [notice('a', 1, 'sent'), notice('b', 3, 'waiting')] } };
    if (path === '/api/v1/account/notices/read') return { body: { unread: 0 } };
    if (path.startsWith('/api/v1/account/notices'))
      return {
        body: { unread: 2, notices: [onSite(8, 4), onSite(7, 3), { ...onSite(6, 1), isNew: false }] },
      };
    if (path.endsWith('/log')) return { body: { secret: null, notices: [notice('c', 2, 'sent')] } };
    if (method === 'POST') return { status: 201, body: { channel: HOOK, secret: 'whsec_new' } };
    if (method === 'PATCH') return { body: HOOK };
    if (path !== PATH) return null;
    return { body: { channels, pushKey: 'k', email: { address: null, problem: 'No server.' } } };
  });
  t.after(() => farm.stop());
  const config = readCliConfig({ PILOT_SERVER: farm.url });
  const run = async (...args: string[]): Promise<string> => {
    const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
    await notificationsCommand({ config, stdout, stderr: stdout }).parseAsync(args, { from: 'user' });
    stdout.end();
    return text(stdout);
  };
  const listed = JSON.parse(await run('--json')) as {
    id: string;
    channel: string;
    isNew: boolean;
  }[];
  assert.deepEqual(
    listed.map(({ id, channel: by, isNew }) => [id, by, isNew]),
    [
      [8, null, true],
      ['b', HOOK.id, true],
      ['c', 'nch_bbbbbbbb', false],
      ['a', HOOK.id, false],
    ],
  );
  const shown = await run('list', '--limit', '2');
  assert.match(shown, /new +the site +Orbit failed: No camera\./);
  assert.match(shown, /new +waits +https:\/\/hooks\.example\/a +Orbit failed: No camera\./);
  assert.match(shown, /\n2 new\. "pilot notifications read"/);
  assert.equal(shown.trim().split('\n').length, 4);
  assert.equal(await run('read'), 'All is read.\n');
  assert.doesNotMatch(shown + JSON.stringify(listed), /whsec_/);
  assert.match(await run('channels'), /nch_aaaaaaaa +webhook +\S+ +done[\s\S]*E-mail: No server\./);
  assert.match(await run('add', 'webhook', HOOK.address ?? '', '--events', 'done'), /whsec_new/);
  assert.match(await run('set', 'nch_a', '--events', 'failed,waiting'), /tells of done\./);
  await run('test', 'https://hooks.example/b');
  await run('remove', 'nch_bbbbbbbb');
  assert.deepEqual(
    farm.asked.filter(({ method }) => method !== 'GET').map(({ method, path }) => [method, path]),
    [
      ['POST', '/api/v1/account/notices/read'],
      ['POST', PATH],
      ['PATCH', `${PATH}/${HOOK.id}`],
      ['POST', `${PATH}/nch_bbbbbbbb/test`],
      ['DELETE', `${PATH}/nch_bbbbbbbb`],
    ],
  );
  await assert.rejects(run('add', 'pigeon'), /give email or webhook/);
  await assert.rejects(run('add', 'email', '--events', 'dun'), /there is no "dun"; there are done, failed/);
  await assert.rejects(run('test', 'nch_'), /may be nch_aaaaaaaa or nch_bbbbbbbb/);
});
