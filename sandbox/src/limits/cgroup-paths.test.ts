import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cgroupPlaces } from './cgroup-paths.ts';

const V2_HOST = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';

test('a service of systemd, on cgroup v2 alone', () => {
  const places = cgroupPlaces('0::/system.slice/pilot.service\n', `${V2_HOST}\n`);
  assert.deepEqual(places, {
    v2: { folder: '/sys/fs/cgroup/system.slice/pilot.service', top: '/sys/fs/cgroup' },
    v1: {},
  });
});

test('hierarchies of v1, two controllers in one of them, beside a v2 that has none', () => {
  const cgroup = '9:name=systemd:/\n4:memory:/jobs/a:b\n3:cpu,cpuacct:/\n0::/\n';
  const mountinfo = [
    '40 30 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '41 30 0:36 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
    '42 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  ].join('\n');
  assert.deepEqual(cgroupPlaces(cgroup, mountinfo), {
    v2: { folder: '/sys/fs/cgroup/unified', top: '/sys/fs/cgroup/unified' },
    v1: {
      memory: { folder: '/sys/fs/cgroup/memory/jobs/a:b', top: '/sys/fs/cgroup/memory' },
      cpuacct: { folder: '/sys/fs/cgroup/cpu,cpuacct', top: '/sys/fs/cgroup/cpu,cpuacct' },
    },
  });
});

test('a container sees its own part, and none where its group lies outside of it', () => {
  const mount = '50 40 0:35 /docker/abc /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory';
  const { v1 } = cgroupPlaces('4:memory:/docker/abc/below\n', mount);
  const top = '/sys/fs/cgroup/my memory';
  assert.deepEqual(v1, { memory: { folder: `${top}/below`, top } });
  assert.deepEqual(cgroupPlaces('4:memory:/docker/abcdef\n', mount).v1, {});
});

test('any text is read', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (cgroup, mountinfo) => {
      cgroupPlaces(cgroup, mountinfo);
      cgroupPlaces(`0::${cgroup}`, `1 2 3 ${mountinfo} - cgroup2`);
    }),
  );
});
