import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesOf, DockerInfo, factsOfDocker, factsOfPodman, PodmanInfo } from './engine-facts.ts';
import { isLeftBehind } from './names.ts';

const security = { rootless: true, seccompEnabled: true, apparmorEnabled: false, selinuxEnabled: true };
const podman = (cgroupControllers: string[] | null) =>
  factsOfPodman(
    PodmanInfo.parse({
      host: { arch: 'arm64', os: 'linux', cgroupVersion: 'v2', cgroupControllers, security },
      store: { graphDriverName: 'overlay', graphRoot: '/x' },
      version: { Version: '4.3.1' },
    }),
  );

test('a worker says what it runs containers with, and what keeps them in', () => {
  assert.deepEqual(capabilitiesOf(podman(['memory', 'pids']), false), {
    'container.engine': 'podman',
    'container.version': '4.3.1',
    'container.rootless': true,
    'container.platforms': ['linux/arm64'],
    'container.isolation': ['user namespace', 'seccomp', 'SELinux', 'cgroup v2'],
  });
  assert.equal(capabilitiesOf(podman(['memory', 'pids']), true)['container.network'], true);
});

test('where memory cannot be limited it runs none', () => {
  assert.deepEqual(capabilitiesOf(podman(null), true), {});
  assert.deepEqual(capabilitiesOf(podman(['cpu']), true), {});
});

test('docker is understood by what its server says, and is none without one', () => {
  const info = {
    ...{ ServerVersion: '28.2.2', OSType: 'linux', Architecture: 'x86_64', CgroupVersion: '2' },
    ...{ MemoryLimit: true, CpuCfsQuota: true, PidsLimit: true },
    SecurityOptions: ['name=apparmor', 'name=seccomp,profile=builtin', 'name=cgroupns'],
  };
  const facts = factsOfDocker(DockerInfo.parse(info));
  assert.deepEqual(facts.isolation, ['user of its own', 'seccomp', 'AppArmor', 'cgroup v2']);
  assert.equal(facts.platform, 'linux/amd64');
  assert.equal(DockerInfo.safeParse({ ...info, ServerVersion: '' }).success, false);
});

test('a container is left behind once the process that named it has ended, and only on its own machine', () => {
  const machine = { namespace: '40', start: (pid: number) => (pid === 7 ? '123' : null) };
  assert.equal(isLeftBehind('pilot-40-7-123-1', machine), false);
  assert.equal(isLeftBehind('pilot-40-7-122-1', machine), true, 'another process has its id now');
  assert.equal(isLeftBehind('pilot-40-8-123-4', machine), true);
  assert.equal(isLeftBehind('pilot-41-8-123-4', machine), false);
  assert.equal(isLeftBehind('pilot-x', machine), false);
});
