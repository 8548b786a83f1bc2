import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { idOf, startPeopleFarm } from '../people/people-farm.fixture.ts';

test('a key that is revoked while an upload runs ends it with a sentence, and another key goes on where it was', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  const makeKey = async () => {
    const asked = { name: 'render node', scopes: ['submit', 'read'], expiresAt: null };
    const { body } = await ann.send('POST', '/account/keys', asked);
    return { key: String(body.key), id: (body.view as { id: string }).id };
  };
  const first = await makeKey();
  const tus = (key: string) => ({ authorization: `Bearer ${key}`, 'tus-resumable': '1.0.0' });
  const made = await fetch(`${farm.url}/api/v1/uploads`, {
    method: 'POST',
    headers: { ...tus(first.key), 'upload-length': '2000' },
  });
  assert.equal(made.status, 201);
  const url = new URL(made.headers.get('location') ?? '', farm.url);
  const patch = (key: string, offset: number) =>
    fetch(url, {
      method: 'PATCH',
      headers: {
        ...tus(key),
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
      },
      body: randomBytes(1_000),
    });
  assert.equal((await patch(first.key, 0)).status, 204);
  assert.equal((await ann.send('DELETE', `/account/keys/${first.id}`)).status, 204);
  const refused = await patch(first.key, 1_000);
  const problem = await refused.json();
  assert.deepEqual([refused.status, problem.code], [401, 'wrong-key']);
  assert.match(problem.detail, /This is no key of this farm, or it was revoked\./);
  const second = await makeKey();
  const done = await patch(second.key, 1_000);
  assert.equal(done.status, 204);
  assert.match(done.headers.get('blob-hash') ?? '', /^[0-9a-f]{64}$/);
  assert.match(await idOf(ann), /^per_/);
});
