import { spawnSync } from 'node:child_process';
import { distribution, missingPrograms } from './find-programs.mjs';
import { root } from './places.mjs';
import { names, planPackages } from './system-packages.mjs';
import { runQuietly, SetupStopped, tell } from './tell.mjs';

/**
 * Sees to it that the programs the farm starts are on this machine: installs them with apt where it may,
 * otherwise stops with the lines the user should run.
 *
 * @param {{ forTests: boolean }} options
 */
export async function programs({ forTests }) {
  const wanted = ['blender', 'ffmpeg', 'egl', ...(forTests ? ['mariadb', 'chromium'] : [])];
  const missing = missingPrograms(wanted);
  if (missing.length === 0) return;
  tell(`Missing on this machine: ${missing.map((program) => names[program]).join(', ')}.`);
  const plan = planPackages(missing, thisMachine());
  if (plan.kind === 'install') {
    await install(plan.commands);
    complain(missingPrograms(missing));
  } else if (plan.kind === 'ask') {
    throw new SetupStopped(request(plan));
  }
}

async function install([update, add]) {
  await runQuietly('Reading the package lists', update, { cwd: root });
  const packages = add.slice(add.indexOf('--no-install-recommends') + 1);
  await runQuietly(`Installing ${packages.join(' ')}`, add, { cwd: root });
}

function complain(missing) {
  if (missing.length === 0) return;
  const list = missing.map((program) => names[program]).join(', ');
  throw new SetupStopped(`The packages were installed, yet this is still not found: ${list}.`);
}

function request({ missing, lines }) {
  if (lines.length === 0) return `Please install ${missing.join(', ')} and make them available on the PATH.`;
  return `Please run\n\n${lines.map((line) => `  ${line}`).join('\n')}\n\nand then this command again.`;
}

function thisMachine() {
  return { platform: process.platform, distribution: distribution(), administrator: administrator() };
}

function administrator() {
  if (process.getuid?.() === 0) return 'root';
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? 'sudo' : 'none';
}
