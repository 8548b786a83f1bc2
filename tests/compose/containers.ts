import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** One stack of docker-compose.yml under a name and on ports of its own. */
export type Stack = {
  /** With two workers. */
  up(): Promise<void>;
  /** `worker` has several: their names, in the order of their numbers. */
  containers(service: string): Promise<string[]>;
  /** SIGKILL to all that runs in it, and waits until its restart policy has it back. */
  kill(container: string): Promise<void>;
  log(container: string): Promise<string>;
  exec(container: string, command: string[]): Promise<string>;
  /** All that is known of it without looking into it, its environment and command among others. */
  describe(container: string): Promise<string>;
  /** Ends and removes it, with all of its volumes. */
  down(): Promise<void>;
};

export async function podman(...args: string[]): Promise<string> {
  const { stdout } = await run('podman', args, { cwd: root, env: ENV, maxBuffer: 64 * 1024 ** 2 });
  return stdout.trim();
}

// Where each layer is a copy of the one before, none is kept but the last.
const ENV = { ...process.env, BUILDAH_LAYERS: 'false' };

/** Podman, podman-compose and the base images, prepared where something beside this clone does so. */
export async function prepareEngine(): Promise<void> {
  const prepare = fileURLToPath(new URL('../../../shared/containers/prepare.sh', import.meta.url));
  if (existsSync(prepare) && process.getuid?.() === 0) {
    // What its network needs and it does not install.
    if (!existsSync('/usr/sbin/iptables'))
      await run('sh', [
        '-c',
        'apt-get update -qq && apt-get install -y -qq --no-install-recommends iptables',
      ]);
    await run('sh', ['-c', `"$0" 2>&1`, prepare], { maxBuffer: 64 * 1024 ** 2 });
  }
  for (const program of ['podman', 'podman-compose'])
    await run(program, ['--version']).catch((error) => {
      throw new Error(`${program} is needed for this test: install podman and podman-compose.`, {
        cause: error,
      });
    });
}

/** The images that docker-compose.yml names; that of the database from here, where there is none. */
export async function buildImages(): Promise<void> {
  const hasDatabase = await podman('image', 'exists', DATABASE).then(
    () => true,
    () => false,
  );
  if (!hasDatabase) await podman('build', '-q', '-t', DATABASE, 'tests/compose/mariadb');
  for (const target of ['server', 'worker'])
    await podman('build', '-q', '--target', target, '-t', `localhost/parallel-pilot-${target}`, '.');
}

const FILES = ['-f', 'docker-compose.yml', '-f', 'tests/compose/two-workers.yml'];
const DATABASE = 'docker.io/library/mariadb:10.11';

export function stackOf(project: string, env: Record<string, string>): Stack {
  const compose = async (...args: string[]) => {
    const options = { cwd: root, env: { ...ENV, ...env }, maxBuffer: 64 * 1024 ** 2 };
    const { stdout, stderr } = await run('podman-compose', [...FILES, '-p', project, ...args], options);
    return stdout + stderr;
  };
  const containers = async (service: string): Promise<string[]> => {
    const label = `label=com.docker.compose.service=${service}`;
    const names = await podman(
      'ps',
      '-a',
      '--format',
      '{{.Names}}',
      '--filter',
      label,
      '--filter',
      `label=io.podman.compose.project=${project}`,
    );
    return names.split('\n').filter(Boolean).toSorted();
  };
  const pidOf = async (container: string) =>
    Number(await podman('inspect', '-f', '{{.State.Pid}}', container));
  return {
    containers,
    async up() {
      await compose('up', '-d');
    },
    async kill(container) {
      const before = await pidOf(container);
      // Its first process: with that the kernel ends all others.
      process.kill(before, 'SIGKILL');
      await until(
        async () => {
          const now = await pidOf(container);
          return now > 0 && now !== before;
        },
        `${container} is not started again`,
        120_000,
      );
    },
    log: async (container) => {
      const { stdout, stderr } = await run('podman', ['logs', container], { maxBuffer: 64 * 1024 ** 2 });
      return stdout + stderr;
    },
    describe: (container) => podman('inspect', container),
    exec: (container, command) => podman('exec', container, ...command),
    async down() {
      await compose('down', '-t', '5').catch(() => {});
      const rest = await podman('ps', '-aq', '--filter', `label=io.podman.compose.project=${project}`);
      if (rest !== '') await podman('rm', '-f', '-v', ...rest.split('\n'));
      const volumes = await podman('volume', 'ls', '-q', '--filter', `name=${project}_`);
      if (volumes !== '') await podman('volume', 'rm', '-f', ...volumes.split('\n'));
    },
  };
}
