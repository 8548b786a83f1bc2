import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { findProgram } from '@parallel-pilot/sandbox/box/program.ts';
import { searchPath } from '@parallel-pilot/sandbox/child/config.ts';
import { execa } from 'execa';
import { engineEnvironment, runtimeFolder } from './config.ts';
import { DockerInfo, type EngineFacts, factsOfDocker, factsOfPodman, PodmanInfo } from './engine-facts.ts';

/** The program that runs containers on this machine. */
export type Engine = EngineFacts & {
  command: string;
  /** With these its images and containers are the farm's own, and the machine's are not touched. */
  env: Record<string, string>;
  /** Jobs may use the images that the machine has anyway, and so read them: its owner says so. */
  ownImages: boolean;
  /** With these it sees those too, to look for one by name and to build on it. */
  makingEnv: Record<string, string>;
  /** Where both of its stores of the farm's own lie; null where it has none, as docker. */
  stores: { loaded: string; making: string } | null;
};

const INFO_MS = 30_000;

/** Podman, or docker where that is what there is; null where neither works here. `folder` is the farm's own on this machine. */
export const findEngine = async (folder: string, ownImages = false): Promise<Engine | null> =>
  (await findPodman(folder, ownImages)) ?? (await findDocker(ownImages));

/** What tells whether the programs are still those that were looked at. */
export async function engineFingerprint(): Promise<string> {
  const found = await Promise.all(
    ['podman', 'docker'].map(async (name) => {
      const path = findProgram(name, searchPath())?.real;
      const { mtimeMs, size } = path === undefined ? NOTHING : await stat(path).catch(() => NOTHING);
      return [path ?? null, mtimeMs, size];
    }),
  );
  return JSON.stringify([found, process.getuid?.() ?? null, engineEnvironment().DOCKER_HOST ?? null]);
}

const NOTHING = { mtimeMs: 0, size: 0 };

async function findPodman(folder: string, ownImages: boolean): Promise<Engine | null> {
  const command = findProgram('podman', searchPath())?.real;
  if (command === undefined) return null;
  const machine = await podmanInfo(command, engineEnvironment());
  for (const driver of ['overlay', 'vfs']) {
    const env = await writeSettings(join(folder, driver), { driver, images: null });
    const info = await podmanInfo(command, env);
    if (info === null) continue;
    const { graphDriverName = driver, graphRoot = null } = (ownImages && machine?.store) || {};
    const making = join(folder, ownImages ? 'making-on-own' : 'making');
    const makingEnv = await writeSettings(making, { driver: graphDriverName, images: graphRoot });
    const stores = { loaded: imagesIn(join(folder, driver)), making: imagesIn(making) };
    return { ...factsOfPodman(info), command, env, ownImages, makingEnv, stores };
  }
  return null;
}

/**
 * Podman 4 refuses a longer one where it notes how a container ended, waits 20 s for that note, and says nothing. Where
 * the farm's folder leaves no room for it, it lies where the system keeps what lasts until it is started again.
 */
const LONGEST_RUN_ROOT = 50;
const RUN_ROOTS: Readonly<Record<string, string>> = {
  overlay: 'o',
  vfs: 'v',
  making: 'm',
  'making-on-own': 'n',
};

async function runRootOf(folder: string): Promise<string> {
  const own = join(dirname(folder), RUN_ROOTS[basename(folder)] ?? 'run');
  if (own.length <= LONGEST_RUN_ROOT) return own;
  // Nobody else may write there: it is no folder for everybody's temporary files.
  const parent = process.getuid?.() === 0 ? '/run' : runtimeFolder();
  const short = join(parent, `pilot-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
  if (parent === '' || short.length > LONGEST_RUN_ROOT) return own;
  return mkdir(short, { recursive: true, mode: 0o700 }).then(
    () => short,
    () => own,
  );
}

const imagesIn = (folder: string): string => join(folder, 'images');

async function podmanInfo(command: string, env: Record<string, string>): Promise<PodmanInfo | null> {
  const { stdout, failed } = await execa(command, ['info', '--format', 'json'], {
    ...{ env, extendEnv: false, reject: false, timeout: INFO_MS },
  });
  return failed ? null : (PodmanInfo.safeParse(asJson(stdout)).data ?? null);
}

async function findDocker(ownImages: boolean): Promise<Engine | null> {
  const command = findProgram('docker', searchPath())?.real;
  if (command === undefined) return null;
  const env = engineEnvironment();
  const { stdout } = await execa(command, ['info', '--format', '{{json .}}'], {
    ...{ env, extendEnv: false, reject: false, timeout: INFO_MS },
  });
  const info = DockerInfo.safeParse(asJson(stdout));
  return info.success
    ? { ...factsOfDocker(info.data), command, env, ownImages, makingEnv: env, stores: null }
    : null;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A store and settings of the farm's own, whatever stands in /etc/containers: the machine's containers are not touched,
 * and a new machine needs nothing. See containers-storage.conf(5) and containers.conf(5).
 */
async function writeSettings(
  folder: string,
  { driver, images }: { driver: string; images: string | null },
): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [storage, engine] = [join(folder, 'storage.conf'), join(folder, 'containers.conf')];
  const env = engineEnvironment();
  const has = (name: string): boolean =>
    findProgram(name, `${searchPath()}:/usr/sbin:/sbin:/usr/lib/podman`) !== null;
  await writeFile(
    storage,
    [
      '[storage]',
      ...[
        `driver = "${driver}"`,
        `graphroot = "${imagesIn(folder)}"`,
        `runroot = "${await runRootOf(folder)}"`,
      ],
      '[storage.options]',
      ...(images === null ? [] : [`additionalimagestores = ["${images}"]`]),
      // A mount of the store onto itself would outlast the worker, and its folder could not be removed.
      ...(driver === 'overlay' ? ['[storage.options.overlay]', 'skip_mount_home = "true"'] : []),
      '',
    ].join('\n'),
  );
  await writeFile(
    engine,
    [
      '[engine]',
      ...(has('crun') ? ['runtime = "crun"'] : has('runc') ? ['runtime = "runc"'] : []),
      ...((await isThere('/run/systemd/system')) ? [] : ['cgroup_manager = "cgroupfs"']),
      ...['events_logger = "none"', `tmp_dir = "${join(folder, 'tmp')}"`],
      ...(has('netavark') ? ['[network]', 'network_backend = "netavark"'] : []),
      '',
    ].join('\n'),
  );
  return { ...env, CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: engine };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
