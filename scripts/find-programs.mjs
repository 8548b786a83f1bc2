import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { names } from './system-packages.mjs';

/**
 * The programs of `wanted` that this machine lacks, found by looking at files alone: nothing is started.
 *
 * @param {import('./system-packages.mjs').Program[]} wanted
 */
export function missingPrograms(wanted, { platform = process.platform, path = process.env.PATH ?? '' } = {}) {
  const folders = path.split(delimiter).filter(Boolean);
  return wanted.filter((program) => {
    if (!(program in names)) throw new Error(`No such program: ${program}`);
    return !present[program]({ platform, folders });
  });
}

/** ID and ID_LIKE of /etc/os-release, nearest first; empty on systems without it. */
export function distribution(file = '/etc/os-release') {
  if (!existsSync(file)) return [];
  const fields = Object.fromEntries(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => /^(\w+)="?([^"]*)"?$/.exec(line.trim())?.slice(1, 3) ?? ['', '']),
  );
  return [fields.ID, ...(fields.ID_LIKE ?? '').split(' ')].filter(Boolean);
}

const present = {
  // PILOT_BLENDER names the one that the worker shall use, wherever it is.
  blender: ({ platform, folders }) =>
    executable(process.env.PILOT_BLENDER ?? '') ||
    inPath(['blender'], platform, folders) ||
    (platform === 'darwin' && existsSync('/Applications/Blender.app/Contents/MacOS/Blender')) ||
    (platform === 'win32' &&
      entries('C:\\Program Files\\Blender Foundation').some((it) => /^Blender /.test(it))),
  ffmpeg: ({ platform, folders }) =>
    inPath(['ffmpeg'], platform, folders) && inPath(['ffprobe'], platform, folders),
  egl: ({ platform }) => platform !== 'linux' || libraryFolders().some(holdsEgl),
  bubblewrap: ({ platform }) =>
    platform !== 'linux' || existsSync('/usr/bin/bwrap') || existsSync('/bin/bwrap'),
  // Docker does as well, where its server runs.
  podman: ({ platform, folders }) =>
    platform !== 'linux' ||
    inPath(['podman'], platform, folders) ||
    (inPath(['docker'], platform, folders) && existsSync('/var/run/docker.sock')),
  busybox: ({ platform, folders }) => platform !== 'linux' || inPath(['busybox'], platform, folders),
  training: ({ platform }) => {
    const folders = pythonFolders(platform);
    return ['numpy', 'torch', 'sklearn', 'PIL', 'pip'].every((name) =>
      folders.some((folder) => existsSync(join(folder, name))),
    );
  },
  mariadb: ({ platform, folders }) => {
    // Debian keeps the server where only root's PATH looks.
    const places =
      platform === 'win32' ? folders : [...folders, '/usr/sbin', '/usr/local/sbin', '/usr/libexec'];
    return inPath(['mariadbd'], platform, places) && inPath(['mariadb-install-db'], platform, places);
  },
  chromium: ({ platform, folders }) =>
    inPath(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'], platform, folders) ||
    (platform === 'darwin' && existsSync('/Applications/Google Chrome.app')) ||
    (platform === 'win32' && existsSync('C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe')),
  mypy: ({ platform, folders }) => inPath(['mypy'], platform, folders),
  parallel: ({ platform, folders }) => inPath(['parallel'], platform, folders),
  redis: ({ platform, folders }) => inPath(['redis-server', 'redis-check-rdb'], platform, folders),
};

function inPath(programs, platform, folders) {
  const endings = platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  return folders.some((folder) =>
    programs.some((program) => endings.some((ending) => executable(join(folder, program + ending)))),
  );
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Where the machine's own Python finds modules; what lies in someone's home is not seen by sandboxed jobs. */
function pythonFolders(platform) {
  if (platform === 'win32') {
    const pythons = join(process.env.LOCALAPPDATA ?? 'C:\\', 'Programs', 'Python');
    return entries(pythons).map((name) => join(pythons, name, 'Lib', 'site-packages'));
  }
  const libraries =
    platform === 'darwin'
      ? ['/opt/homebrew/lib', '/usr/local/lib']
      : ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64'];
  return libraries.flatMap((library) =>
    entries(library)
      .filter((name) => /^python3(\.\d+)?$/.test(name))
      .flatMap((name) => ['dist-packages', 'site-packages'].map((last) => join(library, name, last))),
  );
}

function libraryFolders() {
  const multiarch = entries('/usr/lib').filter((name) => name.includes('-linux-'));
  return ['/usr/lib64', '/usr/lib', ...multiarch.map((name) => join('/usr/lib', name))];
}

/** The loader and something that draws: Mesa's software driver under its old or new name, or NVIDIA's own. */
function holdsEgl(folder) {
  if (!existsSync(join(folder, 'libEGL.so.1'))) return false;
  return (
    existsSync(join(folder, 'dri/swrast_dri.so')) ||
    entries(folder).some((name) => /^(libgallium|libEGL_nvidia)[-.]/.test(name))
  );
}

function entries(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
