import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { distribution, missingPrograms } from './find-programs.mjs';
import { planPackages } from './system-packages.mjs';

const everything = ['blender', 'ffmpeg', 'egl', 'bubblewrap', 'training', 'mariadb', 'chromium'];
const debian = { platform: 'linux', distribution: ['debian'], administrator: 'root' };

test('nothing missing, nothing to do', () => {
  assert.deepEqual(planPackages([], debian), { kind: 'nothing' });
});

test('Debian as root: apt installs what is missing and only that', () => {
  const plan = planPackages(['ffmpeg', 'egl'], debian);
  assert.equal(plan.kind, 'install');
  const [update, install] = plan.commands.map((command) => command.join(' '));
  assert.match(update, /^env DEBIAN_FRONTEND=noninteractive apt-get .*update$/);
  assert.match(install, /apt-get .*install -y --no-install-recommends ffmpeg libegl1 libgl1-mesa-dri$/);
});

test('Debian: the sandbox and what training needs', () => {
  const plan = planPackages(['bubblewrap', 'training'], debian);
  assert.match(
    plan.commands[1].join(' '),
    / bubblewrap python3 python3-pip python3-numpy python3-torch python3-sklearn python3-pil$/,
  );
});

test('Debian with a sudo that asks for no password: the same through sudo', () => {
  const plan = planPackages(['blender'], { ...debian, administrator: 'sudo' });
  assert.equal(plan.kind, 'install');
  for (const command of plan.commands) assert.deepEqual(command.slice(0, 2), ['sudo', '-n']);
});

test('Debian without rights: the line to run, and what it is for', () => {
  assert.deepEqual(planPackages(['blender', 'egl'], { ...debian, administrator: 'none' }), {
    kind: 'ask',
    missing: ['Blender', "Mesa's software EGL"],
    lines: [
      'sudo apt-get update && sudo apt-get install -y --no-install-recommends blender libegl1 libgl1-mesa-dri',
    ],
  });
});

test('Ubuntu and what descends from it are served by apt as well', () => {
  const ubuntu = planPackages(['chromium'], { ...debian, distribution: ['ubuntu', 'debian'] });
  assert.equal(ubuntu.commands[1].at(-1), 'chromium-browser');
  const mint = planPackages(['ffmpeg'], { ...debian, distribution: ['linuxmint', 'ubuntu', 'debian'] });
  assert.equal(mint.kind, 'install');
});

test('each other system is asked in its own words, even as root', () => {
  const ask = (platform, ids) => {
    const plan = planPackages(everything, { platform, distribution: ids, administrator: 'root' });
    assert.equal(plan.kind, 'ask');
    return plan.lines;
  };
  const [fedora, torch] = ask('linux', ['fedora']);
  assert.match(fedora, / bubblewrap python3 /);
  assert.equal(torch, 'sudo python3 -m pip install torch');
  assert.match(fedora, /rpmfusion-free-release.* && sudo dnf install .*blender ffmpeg mesa-libEGL/);
  assert.match(
    ask('linux', ['manjaro', 'arch'])[0],
    /^sudo pacman -S --needed blender ffmpeg mesa bubblewrap python /,
  );
  assert.deepEqual(ask('darwin', []), [
    'brew install --cask blender && brew install ffmpeg && brew install python && brew install mariadb && brew install --cask google-chrome',
    'python3 -m pip install --break-system-packages numpy torch scikit-learn pillow',
  ]);
  assert.deepEqual(ask('win32', []).slice(0, 2), [
    'winget install --exact --id BlenderFoundation.Blender',
    'winget install --exact --id Gyan.FFmpeg',
  ]);
  assert.deepEqual(ask('linux', ['slackware']), []);
});

test('with an empty PATH the programs are missing, and a file of that name alone does not count', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pilot-path-'));
  try {
    const missing = () => missingPrograms(['blender', 'ffmpeg'], { platform: 'linux', path: folder });
    assert.deepEqual(missing(), ['blender', 'ffmpeg']);
    writeFileSync(join(folder, 'blender'), '', { mode: 0o644 });
    assert.deepEqual(missing(), ['blender', 'ffmpeg']);
    writeFileSync(join(folder, 'ffmpeg'), '', { mode: 0o755 });
    writeFileSync(join(folder, 'ffprobe'), '', { mode: 0o755 });
    assert.deepEqual(missing(), ['blender']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('os-release is read with and without quotes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pilot-os-'));
  try {
    const file = join(folder, 'os-release');
    writeFileSync(file, 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n');
    assert.deepEqual(distribution(file), ['linuxmint', 'ubuntu', 'debian']);
    assert.deepEqual(distribution(join(folder, 'none')), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
