import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Farm, startFarm } from '../support/farm.ts';
import { machineWithImage } from '../support/machine-with-image.ts';
import { createFollower, type Follower } from '../support/page-to-follow.ts';

let farm: Farm;
let follower: Follower;
let env: Record<string, string>;
before(async () => {
  follower = await createFollower();
  const machine = await machineWithImage(follower.folder, ['docker.io/library/debian:bookworm-slim']);
  env = machine.env;
  farm = await startFarm({ workers: 0 });
  await farm.addWorker(machine.worker);
});
after(async () => {
  await farm?.stop();
  await follower?.remove();
});

test('docs/containers.md can be followed, line by line', async () => {
  const said = await follower.follow('containers.md', { PILOT_SERVER: farm.url, ...env });
  for (const line of [/^run,index,square\n1,1,1\n2,2,4$/m, /^NAME="Small"$/m, /^hello, farm$/m])
    assert.match(said, line);
});
