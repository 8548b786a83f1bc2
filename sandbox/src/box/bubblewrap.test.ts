import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excessOf } from '../limits/watch.ts';
import type { Host } from '../sandbox.ts';
import { bubblewrapLine } from './bubblewrap.ts';
import { visibleProgram } from './program.ts';
import { childUid } from './workspace.ts';

const host: Host = {
  bwrap: '/usr/bin/bwrap',
  prlimit: '/usr/bin/prlimit',
  setpriv: null,
  links: { '/lib': 'usr/lib' },
  system: ['/usr', '/etc/fonts'],
  devices: [],
  deviceGroups: [],
  canDisableUserNamespaces: true,
  countsProcesses: true,
  filter: null,
  keyLists: [],
  cutOff: null,
  openFiles: 4_096,
  hidden: ['/home/ann'],
  cpus: 4,
};
const limits = { memoryBytes: 2e9, processes: 10, fileBytes: 3e9, diskBytes: 4e9, files: 5 };
const workspace = { in: '/data/in', work: '/data/work', tmp: '/data/tmp', shm: '/data/shm' };

const line = (more: Partial<Host>, uid: number | null = null): string => {
  const made = bubblewrapLine({
    host: { ...host, ...more },
    command: '/usr/bin/blender',
    args: ['-b'],
    workspace: { ...workspace, uid },
    read: ['/srv/bridge'],
    limits,
  });
  return [made.command, ...made.args].join(' ');
};

test('the line of a worker that is not root', () => {
  const made = line({});
  assert.match(made, /^\/usr\/bin\/bwrap .*--unshare-net .*--unshare-user --disable-userns /);
  assert.match(made, / --ro-bind \/data\/in \/job\/in --bind \/data\/work \/job\/work /);
  assert.match(made, / --dir \/srv --ro-bind \/srv\/bridge \/srv\/bridge /);
  assert.match(
    made,
    / -- \/usr\/bin\/prlimit --fsize=3000000000 --nofile=4096 --core=0 --nproc=10 --as=\d+ -- \/usr\/bin\/blender -b$/,
  );
  assert.doesNotMatch(line({ countsProcesses: false }), /nproc/);
  assert.doesNotMatch(line({ canDisableUserNamespaces: false }), /disable-userns/);
});

test('a worker that is root gives its child a user, and to that the groups of the GPU', () => {
  const root = { setpriv: '/usr/bin/setpriv' };
  assert.match(line(root, 77), / -- \/usr\/bin\/setpriv --reuid 77 --regid 77 --clear-groups /);
  const gpu = line({ ...root, devices: ['/dev/dri/renderD128'], deviceGroups: [104, 44] }, 77);
  assert.match(gpu, / --dev-bind \/dev\/dri\/renderD128 \/dev\/dri\/renderD128 /);
  assert.match(gpu, / --groups 104,44 /);
  // Drivers reserve more address space than there is memory.
  assert.doesNotMatch(gpu, /--as=/);
});

test('a program brings its folder, unless that would show too much', () => {
  const see = (given: string, real = given) => visibleProgram({ given, real }, ['/usr', '/bin'], host.hidden);
  assert.deepEqual(see('/bin/blender', '/usr/bin/blender'), { command: '/bin/blender', read: [] });
  const unpacked = '/home/ann/blender-4.2/blender';
  assert.deepEqual(see(unpacked), { command: unpacked, read: ['/home/ann/blender-4.2'] });
  assert.deepEqual(see('/usr/local/bin/blender', unpacked), {
    command: unpacked,
    read: ['/home/ann/blender-4.2'],
  });
  for (const alone of ['/home/ann/blender', '/home/blender', '/blender'])
    assert.deepEqual(see(alone).read, [alone]);
});

test('users of children stay within the range that belongs to nobody', () => {
  for (const pid of [1, 32_767, 4_194_303]) {
    for (const ordinal of [1, 63, 64, 1_000_000]) {
      const uid = childUid(pid, ordinal);
      assert.ok(uid >= 0x7000_0000 && uid <= 0x7ffd_ffff, `${uid}`);
    }
  }
});

test('each limit has its sentence', () => {
  const used = { memoryBytes: 0, processes: 0, diskBytes: 0, files: 0 };
  assert.equal(excessOf(used, limits), null);
  assert.match(excessOf({ ...used, memoryBytes: 3e9 }, limits)?.message ?? '', /2\.0 GB of memory/);
  assert.match(excessOf({ ...used, diskBytes: 5e9 }, limits)?.message ?? '', /4\.0 GB to the disk/);
  assert.match(excessOf({ ...used, files: 6 }, limits)?.message ?? '', /5 files/);
  assert.match(excessOf({ ...used, processes: 11 }, limits)?.message ?? '', /10 processes/);
});
