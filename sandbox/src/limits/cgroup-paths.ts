/** A process's own control group: its folder, and where the file system that has it is mounted. */
export type CgroupPlace = { folder: string; top: string };

/** Of the first generation every controller may have a hierarchy of its own. */
export type CgroupPlaces = {
  v2: CgroupPlace | null;
  v1: Partial<Record<V1Controller, CgroupPlace>>;
};
export const V1_CONTROLLERS = ['memory', 'pids', 'cpuacct'] as const;
export type V1Controller = (typeof V1_CONTROLLERS)[number];

/** Where this process stands, by the texts of /proc/self/cgroup and /proc/self/mountinfo; see cgroups(7). */
export function cgroupPlaces(cgroup: string, mountinfo: string): CgroupPlaces {
  const memberships = cgroup.split('\n').flatMap((line) => {
    const [id, controllers, ...path] = line.split(':');
    return id === undefined || controllers === undefined
      ? []
      : [{ v2: id === '0' && controllers === '', controllers: controllers.split(','), path: path.join(':') }];
  });
  const mounts = mountinfo.split('\n').flatMap(readMount);
  const place = (path: string | undefined, fits: (mount: Mount) => boolean): CgroupPlace | null => {
    const found = mounts.filter(fits).flatMap((mount) => {
      const below = path === undefined ? null : relativeTo(mount.root, path);
      return below === null ? [] : [{ folder: `${mount.at}${below}`, top: mount.at }];
    });
    return found[0] ?? null;
  };
  const v2 = place(memberships.find((it) => it.v2)?.path, ({ type }) => type === 'cgroup2');
  const v1 = V1_CONTROLLERS.flatMap((name) => {
    const { path } = memberships.find((it) => it.controllers.includes(name)) ?? {};
    const found = place(path, ({ type, options }) => type === 'cgroup' && options.includes(name));
    return found === null ? [] : [[name, found] as const];
  });
  return { v2, v1: Object.fromEntries(v1) };
}

type Mount = { type: string; root: string; at: string; options: string[] };

/** `36 35 98:0 /root /at opts … - type source super,options`; see proc_pid_mountinfo(5). */
function readMount(line: string): Mount[] {
  const [before, after] = line.split(' - ');
  const [, , , root, at] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (root === undefined || at === undefined || type === undefined) return [];
  return [{ type, root: unescaped(root), at: unescaped(at), options: options?.split(',') ?? [] }];
}

/** Spaces and the like stand as three octal digits. */
const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** A container sees a part of the hierarchy; a group outside of what is mounted cannot be reached. */
function relativeTo(root: string, path: string): string | null {
  if (root === '/') return path === '/' ? '' : path;
  if (path === root) return '';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}
