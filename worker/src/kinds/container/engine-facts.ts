import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { z } from 'zod';

/** What an engine is and keeps. */
export type EngineFacts = {
  name: 'podman' | 'docker';
  version: string;
  /** Its containers' root is its own user, and nobody on the machine. */
  rootless: boolean;
  /** "linux/amd64". */
  platform: string;
  /** In words for people: "seccomp", "cgroup v2". */
  isolation: string[];
  /** Which limits the kernel keeps for it. */
  limits: { memory: boolean; cpu: boolean; processes: boolean };
};

/** `podman info --format json`, as far as it is looked at. */
export const PodmanInfo = z.object({
  host: z.object({
    arch: z.string(),
    os: z.string(),
    cgroupVersion: z.string(),
    cgroupControllers: z
      .array(z.string())
      .nullish()
      .transform((it) => it ?? []),
    security: z.object({
      rootless: z.boolean(),
      seccompEnabled: z.boolean(),
      apparmorEnabled: z.boolean(),
      selinuxEnabled: z.boolean(),
    }),
  }),
  store: z.object({ graphDriverName: z.string(), graphRoot: z.string() }),
  version: z.object({ Version: z.string() }),
});
export type PodmanInfo = z.infer<typeof PodmanInfo>;

export function factsOfPodman({ host, version }: PodmanInfo): EngineFacts {
  const { security, cgroupControllers: has } = host;
  return {
    name: 'podman',
    version: version.Version,
    rootless: security.rootless,
    platform: `${host.os}/${host.arch}`,
    isolation: [
      security.rootless ? 'user namespace' : 'user of its own',
      ...(security.seccompEnabled ? ['seccomp'] : []),
      ...(security.apparmorEnabled ? ['AppArmor'] : []),
      ...(security.selinuxEnabled ? ['SELinux'] : []),
      ...(has.length === 0 ? [] : [`cgroup ${host.cgroupVersion}`]),
    ],
    limits: { memory: has.includes('memory'), cpu: has.includes('cpu'), processes: has.includes('pids') },
  };
}

/** `docker info`, as far as it is looked at; without a server that answers it has no version. */
export const DockerInfo = z.object({
  ServerVersion: z.string().min(1),
  OSType: z.string(),
  Architecture: z.string(),
  CgroupVersion: z.string().default('1'),
  MemoryLimit: z.boolean(),
  CpuCfsQuota: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
  SecurityOptions: z
    .array(z.string())
    .nullish()
    .transform((it) => it ?? []),
});
export type DockerInfo = z.infer<typeof DockerInfo>;

/** What uname(1) calls the architectures of images. */
const ARCHITECTURES: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm' };

export function factsOfDocker(info: DockerInfo): EngineFacts {
  const has = (name: string): boolean =>
    info.SecurityOptions.some((option) => option.split(',').includes(`name=${name}`));
  const apart = has('rootless') || has('userns');
  return {
    name: 'docker',
    version: info.ServerVersion,
    rootless: has('rootless'),
    platform: `${info.OSType}/${ARCHITECTURES[info.Architecture] ?? info.Architecture}`,
    isolation: [
      apart ? 'user namespace' : 'user of its own',
      ...(has('seccomp') ? ['seccomp'] : []),
      ...(has('apparmor') ? ['AppArmor'] : []),
      ...(has('selinux') ? ['SELinux'] : []),
      `cgroup v${info.CgroupVersion}`,
    ],
    limits: { memory: info.MemoryLimit, cpu: info.CpuCfsQuota, processes: info.PidsLimit },
  };
}

/** What a worker says of itself. Nothing where memory and processes cannot be limited: it runs no containers then. */
export function capabilitiesOf(facts: EngineFacts, network: boolean): Capabilities {
  if (!facts.limits.memory || !facts.limits.processes) return {};
  return {
    'container.engine': facts.name,
    'container.version': facts.version,
    'container.rootless': facts.rootless,
    'container.platforms': [facts.platform],
    'container.isolation': facts.isolation,
    ...(network ? { 'container.network': true } : {}),
  };
}
