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

test('docs/functions.md can be followed, line by line', async () => {
  const page = await readFile(join(root, 'docs/functions.md'), 'utf8');
  const examples = join(follower.folder, 'examples/functions');
  await cp(join(root, 'examples/functions'), examples, { recursive: true });
  const printed: string[] = [];
  for (const block of blocksOf(page)) {
    if (block.file !== undefined) {
      await follower.write(block);
      continue;
    }
    assert.equal(block.language, 'sh', `what is this?\n${block.text}`);
    const ran = await follower.run(block.text, { PILOT_SERVER: farm.url });
    assert.equal(ran.exitCode, 0, `${block.text}\n${ran.stdout}\n${ran.stderr}`);
    printed.push(ran.stdout);
  }
  const said = printed.join('\n');
  for (const line of [
    /^\{"hello":"Ada","version":1\}$/m,
    /^\{"hello":"Grace","version":1\}$/m,
    /^true$/m,
    /^\{"words":6,"counts":\{"to":2,/m,
    /^false\nfalse$/m,
    /"path":"\/api\/v1\/functions\/hello\/calls\/cal_/,
    /^ {4}greeting Ada$/m,
    /^hello is at version 1 again\.$/m,
    /^Token {2}fnt_\S{43} /m,
    /^words is deleted\.$/m,
  ])
    assert.match(said, line);
});
