import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createKnownDevices } from './known-devices.ts';

test('the cookie of a browser is known for its account alone, and cannot be made up', () => {
  const random = (count: number) => randomBytes(count);
  const devices = createKnownDevices('one secret', random);
  const cookie = devices.make('Ada@farm.example');
  const device = devices.read(cookie, 'ada@farm.example');
  assert.ok(device !== null && cookie.includes(device));
  assert.notEqual(devices.read(devices.make('ada@farm.example'), 'ada@farm.example'), device);
  assert.equal(devices.read(cookie, 'bob@farm.example'), null);
  const [account = '', , signature = ''] = cookie.split('.');
  const other = Buffer.from(random(16)).toString('base64url');
  const made = [undefined, '', cookie.slice(1), `${cookie}x`, `${account}.${other}.${signature}`];
  for (const one of made) assert.equal(devices.read(one, 'ada@farm.example'), null, one);
  assert.equal(createKnownDevices('another', random).read(cookie, 'ada@farm.example'), null);
});
