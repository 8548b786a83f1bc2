import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Farm, startFarm } from '../support/farm.ts';
import { createFollower, type Follower } from '../support/page-to-follow.ts';

let farm: Farm;
let follower: Follower;
before(async () => {
  follower = await createFollower();
  farm = await startFarm({ workers: 2 });
});
after(async () => {
  await farm?.stop();
  await follower?.remove();
});

test('docs/commands.md can be followed, line by line', async () => {
  const said = await follower.follow('commands.md', { PILOT_SERVER: farm.url }, 'examples/commands');
  for (const line of [
    /^pi over index$/m,
    /^run,index,inside,pi\n1,1,\d+,3\.\d+$/m,
    /^inside,pi\n\d+,3\.\d+$/m,
    /^seconds over height$/m,
    /^\d+ sims\/fall\.py$/m,
  ])
    assert.match(said, line);
});
