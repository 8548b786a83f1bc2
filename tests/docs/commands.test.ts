import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Farm, startFarm } from '../support/farm.ts';
import { blocksOf, createFollower, type Follower, root } from '../support/page-to-follow.ts';

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
  const page = await readFile(join(root, 'docs/commands.md'), 'utf8');
  const examples = join(follower.folder, 'examples/commands');
  await cp(join(root, 'examples/commands'), examples, { recursive: true });
  const printed: string[] = [];
  for (const block of blocksOf(page)) {
    const { language, text, file } = block;
    if (file !== undefined) {
      await follower.write(block);
      continue;
    }
    assert.equal(language, 'sh', `what is this?\n${text}`);
    const ran = await follower.run(text, { PILOT_SERVER: farm.url });
    assert.equal(ran.exitCode, 0, `${text}\n${ran.stdout}\n${ran.stderr}`);
    printed.push(ran.stdout);
  }
  const said = printed.join('\n');
  for (const line of [
    /^pi over index$/m,
    /^run,index,inside,pi\n1,1,\d+,3\.\d+$/m,
    /^inside,pi\n\d+,3\.\d+$/m,
    /^seconds over height$/m,
    /^\d+ sims\/fall\.py$/m,
  ])
    assert.match(said, line);
});
