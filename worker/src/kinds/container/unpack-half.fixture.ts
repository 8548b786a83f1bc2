import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { findEngine } from './engine.ts';
import { createImageUsers } from './image-users.ts';
import { createNames } from './names.ts';
import { createUnfinished } from './unfinished.ts';

// Gives podman the first half of an image and waits, to be killed. Prints the process id of podman.
const [folder = '', archive = ''] = process.argv.slice(2);
const engine = await findEngine(folder);
if (engine === null) throw new Error('no engine');
const newName = createNames(process.pid);
const users = createImageUsers(join(folder, 'users'), newName);
const bytes = await readFile(archive);
await createUnfinished({ engine, folder, users, newName }).during('loaded', async (aside) => {
  const loader = execa(engine.command, ['load'], {
    ...{ env: { ...engine.env, ...aside }, extendEnv: false, reject: false },
    stdin: 'pipe',
  });
  loader.stdin?.write(bytes.subarray(0, bytes.length / 2));
  process.stdout.write(`${loader.pid}\n`);
  await loader;
});
