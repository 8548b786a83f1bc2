import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { busyboxEntries, dockerArchive } from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import { execa } from 'execa';
import { type Farm, startFarm } from '../support/farm.ts';
import { blocksOf, createFollower, type Follower, root } from '../support/page-to-follow.ts';

let farm: Farm;
let follower: Follower;
let env: Record<string, string>;
before(async () => {
  follower = await createFollower();
  const machine = join(follower.folder, 'machine');
  await mkdir(machine);
  const storage = join(machine, 'storage.conf');
  const places = ['graphroot', 'runroot'].map((name) => `${name} = "${join(machine, name)}"`);
  await writeFile(storage, ['[storage]', 'driver = "vfs"', ...places, ''].join('\n'));
  const engine = join(machine, 'containers.conf');
  await writeFile(engine, `[engine]\nevents_logger = "none"\ntmp_dir = "${join(machine, 'tmp')}"\n`);
  // A machine whose podman has an image of that name: there is no registry here.
  env = { CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: engine };
  const named = [...busyboxEntries(), { name: 'etc/os-release', content: 'NAME="Small"\n' }];
  const image = join(machine, 'small.tar');
  await writeFile(image, await dockerArchive({ entries: named }));
  await execa('podman', ['load', '--input', image], { env });
  await execa('podman', ['tag', 'localhost/small:1', 'docker.io/library/debian:bookworm-slim'], { env });
  farm = await startFarm({ workers: 0 });
  await farm.addWorker({ PILOT_HOST_FOLDER: join(machine, 'host'), PILOT_CONTAINER_OWN_IMAGES: '1', ...env });
});
after(async () => {
  await farm?.stop();
  await follower?.remove();
});

test('docs/containers.md can be followed, line by line', async () => {
  const page = await readFile(join(root, 'docs/containers.md'), 'utf8');
  const printed: string[] = [];
  for (const block of blocksOf(page)) {
    const { text, file } = block;
    if (file !== undefined) {
      await follower.write(block);
      continue;
    }
    const ran = await follower.run(text, { PILOT_SERVER: farm.url, ...env });
    assert.equal(ran.exitCode, 0, `${text}\n${ran.stdout}\n${ran.stderr}`);
    printed.push(ran.stdout);
  }
  const said = printed.join('\n');
  for (const line of [/^run,index,square\n1,1,1\n2,2,4$/m, /^NAME="Small"$/m, /^hello, farm$/m])
    assert.match(said, line);
});
