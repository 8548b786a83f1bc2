import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  busyboxEntries,
  dockerArchive,
  type Entry,
} from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import { execa } from 'execa';

/**
 * A machine, below `folder`, whose podman has a small image by these names, with `more` in it: tests reach no registry. The environment is
 * for whoever calls podman there; `worker` also for workers, whose owner lets jobs have the images.
 */
export async function machineWithImage(
  folder: string,
  names: readonly string[],
  more: readonly Entry[] = [],
): Promise<{ env: Record<string, string>; worker: Record<string, string> }> {
  const machine = join(folder, 'machine');
  await mkdir(machine);
  const storage = join(machine, 'storage.conf');
  const places = ['graphroot', 'runroot'].map((name) => `${name} = "${join(machine, name)}"`);
  await writeFile(storage, ['[storage]', 'driver = "vfs"', ...places, ''].join('\n'));
  const engine = join(machine, 'containers.conf');
  await writeFile(engine, `[engine]\nevents_logger = "none"\ntmp_dir = "${join(machine, 'tmp')}"\n`);
  const env = { CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: engine };
  const entries = [...busyboxEntries(), { name: 'etc/os-release', content: 'NAME="Small"\n' }, ...more];
  const image = join(machine, 'small.tar');
  await writeFile(image, await dockerArchive({ entries }));
  await execa('podman', ['load', '--input', image], { env });
  for (const name of names) await execa('podman', ['tag', 'localhost/small:1', name], { env });
  const host = { PILOT_HOST_FOLDER: join(machine, 'host'), PILOT_CONTAINER_OWN_IMAGES: '1' };
  return { env, worker: { ...env, ...host } };
}
