import { spawnSync } from 'node:child_process';
import { distribution, missingPrograms } from './find-programs.mjs';
import { root } from './places.mjs';
import { print, runQuietly, SetupStopped } from './print.mjs';
import { names, planPackages } from './system-packages.mjs';

/** Without these nothing works; the others add something, and set-up goes on without them. */
const needed = ['blender', 'ffmpeg', 'egl'];
const useful = ['bubblewrap', 'training', 'podman'];

/**
 * Sees to it that the programs the farm starts are on this machine: installs them with apt where it may,
 * otherwise tells the lines the user should run, and stops there if the farm cannot do without.
 *
 * @param {{ forTests: boolean, forDispatch?: boolean, forCommands?: boolean }} options
 */
export async function programs({ forTests, forDispatch = false, forCommands = false }) {
  const must = missingPrograms([
    ...needed,
    ...(forTests ? ['mariadb', 'chromium', 'mypy', 'busybox'] : []),
    ...(forDispatch ? ['mariadb', 'redis'] : []),
    ...(forCommands ? ['parallel'] : []),
  ]);
  const may = missingPrograms(useful);
  if (must.length + may.length === 0) return;
  print(`Missing on this machine: ${listed([...must, ...may])}.`);
  const machine = thisMachine();
  const plan = planPackages([...must, ...may], machine);
  if (plan.kind === 'ask') {
    if (must.length > 0) throw new SetupStopped(request(plan));
    print(`${request(plan)}\nThe farm starts without, but cannot do everything.`);
  } else {
    await installNeeded(must, machine);
    // One at a time: an older system may lack one of the packages, and apt then installs none of a line.
    for (const program of may) await installUseful(program, machine);
  }
}

async function installNeeded(missing, machine) {
  if (missing.length === 0) return;
  await install(planPackages(missing, machine).commands);
  complain(missingPrograms(missing));
}

async function installUseful(program, machine) {
  try {
    await install(planPackages([program], machine).commands);
  } catch (error) {
    if (!(error instanceof SetupStopped)) throw error;
    print(`${names[program]} could not be installed; going on without. ${error.message}`);
  }
}

async function install([update, add]) {
  await runQuietly('Reading the package lists', update, { cwd: root });
  const packages = add.slice(add.indexOf('--no-install-recommends') + 1);
  await runQuietly(`Installing ${packages.join(' ')}`, add, { cwd: root });
}

function complain(missing) {
  if (missing.length === 0) return;
  throw new SetupStopped(`The packages were installed, yet this is still not found: ${listed(missing)}.`);
}

function listed(programs) {
  return programs.map((program) => names[program]).join(', ');
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
