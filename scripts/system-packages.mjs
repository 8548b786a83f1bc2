/**
 * What to do about programs this machine lacks. Pure: the machine is described, nothing is looked up here.
 *
 * @typedef {'blender' | 'ffmpeg' | 'egl' | 'bubblewrap' | 'training' | 'mariadb' | 'chromium' | 'mypy' | 'redis' | 'parallel' | 'podman' | 'busybox'} Program
 * @typedef {{ platform: string, distribution: string[], administrator: 'root' | 'sudo' | 'none' }} Machine
 *   `distribution` is ID and ID_LIKE of /etc/os-release, nearest first; empty where there is none.
 * @typedef {{ kind: 'nothing' }
 *   | { kind: 'install', commands: string[][] }
 *   | { kind: 'ask', missing: string[], lines: string[] }} Plan
 *   `lines` are what the user should run, in order; empty when no package manager is known.
 *
 * @param {Program[]} missing
 * @param {Machine} machine
 * @returns {Plan}
 */
export function planPackages(missing, machine) {
  if (missing.length === 0) return { kind: 'nothing' };
  const family = familyOf(machine);
  if (family === 'debian' && machine.administrator !== 'none') {
    const sudo = machine.administrator === 'sudo' ? ['sudo', '-n'] : [];
    return { kind: 'install', commands: aptCommands(missing, machine).map((line) => [...sudo, ...line]) };
  }
  return {
    kind: 'ask',
    missing: missing.map((program) => names[program]),
    lines: family === undefined ? [] : linesFor[family](missing, machine),
  };
}

/** @type {Record<Program, string>} */
export const names = {
  blender: 'Blender',
  ffmpeg: 'ffmpeg',
  egl: "Mesa's software EGL",
  bubblewrap: 'bubblewrap (keeps jobs away from the rest of this machine)',
  podman: 'podman (runs jobs in containers)',
  busybox: 'busybox without libraries (for images that tests make)',
  training: 'Python with numpy and torch (for training jobs)',
  mariadb: 'MariaDB server',
  chromium: 'Chromium',
  mypy: 'mypy (checks the Python of the project)',
  redis: 'Redis (for the benchmark of the load balancer)',
  parallel: 'GNU parallel (for the benchmark of commands)',
};

const packages = {
  debian: {
    blender: ['blender'],
    ffmpeg: ['ffmpeg'],
    egl: ['libegl1', 'libgl1-mesa-dri'],
    bubblewrap: ['bubblewrap'],
    // With runc named, apt does not take another runtime. iptables is what netavark makes networks with.
    podman: ['podman', 'runc', 'netavark', 'aardvark-dns', 'iptables', 'uidmap', 'slirp4netns'],
    busybox: ['busybox-static'],
    training: ['python3', 'python3-pip', 'python3-numpy', 'python3-torch', 'python3-sklearn', 'python3-pil'],
    // The core packages are the server alone, without a service that would start at boot.
    mariadb: ['mariadb-server-core', 'mariadb-client-core'],
    chromium: ['chromium'],
    mypy: ['mypy'],
    // Holds the server under another name, without a service that would start at boot.
    redis: ['redis-tools'],
    parallel: ['parallel'],
  },
  fedora: {
    blender: ['blender'],
    ffmpeg: ['ffmpeg'],
    egl: ['mesa-libEGL', 'mesa-dri-drivers'],
    bubblewrap: ['bubblewrap'],
    podman: ['podman'],
    busybox: ['busybox'],
    training: ['python3', 'python3-pip', 'python3-numpy', 'python3-scikit-learn', 'python3-pillow'],
    mariadb: ['mariadb-server'],
    chromium: ['chromium'],
    mypy: ['python3-mypy'],
    redis: ['redis'],
    parallel: ['parallel'],
  },
  arch: {
    blender: ['blender'],
    ffmpeg: ['ffmpeg'],
    egl: ['mesa'],
    bubblewrap: ['bubblewrap'],
    podman: ['podman'],
    busybox: ['busybox'],
    training: [
      'python',
      'python-pip',
      'python-numpy',
      'python-pytorch',
      'python-scikit-learn',
      'python-pillow',
    ],
    mariadb: ['mariadb'],
    chromium: ['chromium'],
    mypy: ['mypy'],
    redis: ['redis'],
    parallel: ['parallel'],
  },
  macos: {
    blender: ['--cask blender'],
    ffmpeg: ['ffmpeg'],
    egl: [],
    bubblewrap: [],
    podman: [],
    busybox: [],
    training: ['python'],
    mariadb: ['mariadb'],
    chromium: ['--cask google-chrome'],
    mypy: ['mypy'],
    redis: ['redis'],
    parallel: ['parallel'],
  },
  windows: {
    blender: ['BlenderFoundation.Blender'],
    ffmpeg: ['Gyan.FFmpeg'],
    egl: [],
    bubblewrap: [],
    podman: [],
    busybox: [],
    training: ['Python.Python.3.12'],
    mariadb: ['MariaDB.Server'],
    chromium: ['Google.Chrome'],
    mypy: [],
    redis: [],
    parallel: [],
  },
};

const linesFor = {
  debian: (missing, machine) => {
    const prefix = machine.administrator === 'root' ? '' : 'sudo ';
    return [
      `${prefix}apt-get update && ${prefix}apt-get install -y --no-install-recommends ${debianPackages(missing, machine).join(' ')}`,
    ];
  },
  fedora: (missing) => {
    // Fedora's own ffmpeg cannot encode H.264; RPM Fusion's can.
    const source = missing.includes('ffmpeg')
      ? 'sudo dnf install -y https://mirrors.rpmfusion.org/free/fedora/rpmfusion-free-release-$(rpm -E %fedora).noarch.rpm && '
      : '';
    return [
      `${source}sudo dnf install -y --allowerasing ${all('fedora', missing).join(' ')}`,
      // For the whole machine: a sandboxed job does not see what lies in someone's home.
      ...withTraining(missing, 'sudo python3 -m pip install torch'),
    ];
  },
  arch: (missing) => [`sudo pacman -S --needed ${all('arch', missing).join(' ')}`],
  macos: (missing) => [
    all('macos', missing)
      .map((name) => `brew install ${name}`)
      .join(' && '),
    ...withTraining(
      missing,
      'python3 -m pip install --break-system-packages numpy torch scikit-learn pillow',
    ),
  ],
  windows: (missing) => [
    ...all('windows', missing).map((name) => `winget install --exact --id ${name}`),
    ...withTraining(missing, 'py -m pip install numpy torch scikit-learn pillow'),
  ],
};

/** Where no package manager has torch, pip brings it. */
function withTraining(missing, line) {
  return missing.includes('training') ? [line] : [];
}

function familyOf({ platform, distribution }) {
  if (platform === 'darwin') return 'macos';
  if (platform === 'win32') return 'windows';
  if (distribution.some((id) => id === 'debian' || id === 'ubuntu')) return 'debian';
  if (distribution.some((id) => id === 'fedora' || id === 'rhel')) return 'fedora';
  if (distribution.includes('arch')) return 'arch';
  return undefined;
}

function aptCommands(missing, machine) {
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300'];
  return [
    [...apt, 'update'],
    [...apt, 'install', '-y', '--no-install-recommends', ...debianPackages(missing, machine)],
  ];
}

function debianPackages(missing, { distribution }) {
  const wanted = all('debian', missing);
  // Ubuntu has no package of Debian's name.
  return distribution[0] === 'ubuntu'
    ? wanted.map((name) => (name === 'chromium' ? 'chromium-browser' : name))
    : wanted;
}

function all(family, missing) {
  return missing.flatMap((program) => packages[family][program]);
}
