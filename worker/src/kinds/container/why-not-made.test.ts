import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotBuilt, whyNotPulled } from './why-not-made.ts';

/** As podman 4 printed them, of a registry that answers 404, one that answers 401, and none. */
const AT = 'Error: initializing source docker://127.0.0.1:45671/x:1:';
const UNKNOWN = `${AT} reading manifest 1 in 127.0.0.1:45671/x: manifest unknown`;
const DENIED = `${AT} reading manifest 1 in 127.0.0.1:45671/x: unauthorized`;
const AWAY = `${AT} pinging container registry 127.0.0.1:45671: Get "http://127.0.0.1:45671/v2/": dial tcp 127.0.0.1:45671: connect: connection refused`;

test('an image that its registry does not know is told from a registry that is away', () => {
  const codes = [UNKNOWN, DENIED, AWAY].map((line) => whyNotPulled('x:1', ['Trying to pull', line]).code);
  assert.deepEqual(codes, ['image-unknown', 'image-unknown', 'no-image']);
});

test('a build that only wanted what was out of reach may be tried again, and no other', () => {
  const apart = 'E: Temporary failure resolving deb.debian.org';
  const built = (network: boolean, line: string) => whyNotBuilt('Dockerfile', network, [line]).code;
  assert.equal(built(false, AWAY), 'out-of-reach');
  assert.equal(built(false, UNKNOWN), 'build-failed');
  assert.equal(built(true, apart), 'out-of-reach');
  assert.equal(built(false, apart), 'build-failed');
  assert.equal(built(true, 'Error: exit status 1'), 'build-failed');
});
