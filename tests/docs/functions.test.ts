import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pythonEntries } from '@parallel-pilot/sandbox/test-fixtures/python-image.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { machineWithImage } from '../support/machine-with-image.ts';
import { createFollower, type Follower } from '../support/page-to-follow.ts';

let farm: Farm;
let follower: Follower;
before(async () => {
  follower = await createFollower();
  const names = ['docker.io/library/python:3.12-slim'];
  const machine = await machineWithImage(follower.folder, names, pythonEntries());
  farm = await startFarm({ workers: 0 });
  for (let count = 0; count < 2; count += 1) await farm.addWorker(machine.worker);
});
after(async () => {
  await farm?.stop();
  await follower?.remove();
});

test('docs/functions.md can be followed, line by line', async () => {
  const said = await follower.follow('functions.md', { PILOT_SERVER: farm.url }, 'examples/functions');
  for (const line of [
    /^\{"hello":"Ada","version":1\}$/m,
    /^\{"hello":"Grace","version":1\}$/m,
    /^\{"hello":"Linus","version":1\}$/m,
    /^\{"greeting":"Hello, Barbara"\}$/m,
    /^true$/m,
    /^\{"area":42\}$/m,
    /^\{"words":6,"counts":\{"to":2,/m,
    /^\{"words":300000,/m,
    /^false\nfalse$/m,
    /"path":"\/api\/v1\/functions\/hello\/calls\/cal_/,
    /^ {4}greeting Ada$/m,
    /^hello is at version 1 again\.$/m,
    /^Token {2}fnt_\S{43} /m,
    /^words is deleted\.$/m,
  ])
    assert.match(said, line);
});
