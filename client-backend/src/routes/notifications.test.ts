import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelLog, MadeChannel, Notifications } from '@parallel-pilot/shared/api/notifications.ts';
import { startPeopleFarm } from '../people/people-farm.fixture.ts';

const PATH = '/account/notifications';

test('somebody chooses how they are told: what does not fit is refused by a sentence, and a key sees its own alone', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ann, bob] = [await farm.join('Ann'), await farm.join('Bob')];
  const look = async () => Notifications.parse((await ann.send('GET', PATH)).body);
  const first = await look();
  assert.deepEqual(first.channels, []);
  const { email } = (await ann.send('GET', '/account')).body;
  assert.deepEqual(first.email, { address: email, problem: null });

  const url = 'https://hooks.example/farm?for=ann';
  for (const [asked, status, sentence] of [
    [{ type: 'webhook', url: 'ftp://hooks.example', events: [] }, 400, /begin with https:\/\/ or http:/],
    [{ type: 'webhook', url: 'https://ann:secret@hooks.example', events: [] }, 400, /Leave the password out/],
    [{ type: 'webhook', url: 'http://192.168.1.7/hook', events: [] }, 422, /An admin can allow it/],
    [{ type: 'webhook', url, events: ['dun'] }, 400, /events/],
    [
      { type: 'push', name: '', endpoint: url, keys: { p256dh: 'x', auth: 'y' }, events: [] },
      400,
      /no key of a browser/,
    ],
    [{ type: 'email', address: 'eve@evil.example', events: ['done'] }, 422, /e-mail of your account alone/],
  ] as const) {
    const { status: seen, body } = await ann.send('POST', PATH, asked);
    assert.equal(seen, status, JSON.stringify(body));
    assert.match(String(body.detail), sentence);
    assert.doesNotMatch(String(body.detail), /secret/);
  }

  const { channel, secret } = MadeChannel.parse(
    (await ann.send('POST', PATH, { type: 'webhook', url, events: ['failed', 'done'] })).body,
  );
  assert.deepEqual([channel.address, channel.events, channel.team], [url, ['done', 'failed'], null]);
  assert.match(secret ?? '', /^whsec_/);
  assert.equal((await ann.send('PATCH', `${PATH}/${channel.id}`, { events: ['waiting'] })).status, 200);
  assert.deepEqual((await look()).channels[0]?.events, ['waiting']);
  assert.equal((await ann.send('POST', `${PATH}/${channel.id}/test`)).status, 202);
  assert.equal((await ann.send('POST', `${PATH}/${channel.id}/test`)).status, 429);
  const log = ChannelLog.parse((await ann.send('GET', `${PATH}/${channel.id}/log`)).body);
  assert.deepEqual(
    [log.secret, log.notices.map(({ event, state }) => [event, state])],
    [secret, [['test', 'waiting']]],
  );

  // Of somebody else, and of a key, which knows of its team alone.
  for (const [method, path, body] of [
    ['PATCH', `/${channel.id}`, { events: [] }],
    ['DELETE', `/${channel.id}`, undefined],
    ['GET', `/${channel.id}/log`, undefined],
    ['POST', `/${channel.id}/test`, undefined],
  ] as const)
    assert.equal((await bob.send(method, PATH + path, body)).status, 404, `${method} ${path}`);
  const made = await ann.send('POST', '/account/keys', {
    name: 'k',
    scopes: ['read', 'manage'],
    expiresAt: null,
  });
  const headers = { authorization: `Bearer ${made.body.key}`, 'content-type': 'application/json' };
  const asKey = async (method: string, body?: object) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await fetch(`${farm.url}/api/v1${PATH}`, { method, headers, ...sent })).json();
  };
  assert.deepEqual((await asKey('GET')).channels, []);
  const own = MadeChannel.parse(await asKey('POST', { type: 'webhook', url, events: ['done'] }));
  assert.notEqual(own.channel.team, null);
  assert.equal((await look()).channels.length, 2);
  assert.equal((await ann.send('DELETE', `${PATH}/${channel.id}`)).status, 204);
  assert.deepEqual(
    (await look()).channels.map(({ id }) => id),
    [own.channel.id],
  );
});
