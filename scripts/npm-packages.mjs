import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { node24, npmEnv, root } from './places.mjs';
import { print, runQuietly, SetupHung, SetupStopped } from './print.mjs';
import { readStamp, writeStamp } from './stamp.mjs';

/** Installs the npm packages where they are missing or older than package-lock.json, Node 24 among them. */
export async function npmPackages() {
  const lock = lockHash();
  if (readStamp('lock') !== lock) {
    if (!matchesLock()) await install();
    writeStamp('lock', lock);
  }
  await checkNode24();
}

/** What is installed is what package-lock.json says, whoever installed it. */
export function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

async function install() {
  const reason = existsSync(join(root, 'node_modules')) ? 'package-lock.json has changed' : 'first time here';
  // Windows cannot replace a Node that is running, so there the packages are brought up to date in place.
  const way = process.platform === 'win32' && existsSync(node24) ? 'install' : 'ci';
  await npm(`Installing the npm packages (${reason})`, [way]);
}

// Compares npm's record of what it installed, so that a plain `npm install` is not done a second time.
function matchesLock() {
  const installed = packagesOf('node_modules/.package-lock.json');
  const wanted = packagesOf('package-lock.json');
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || (entry.optional && installed[path] === undefined)) return true;
    const found = installed[path];
    return found?.version === entry.version && sameDependencies(found, entry);
  });
}

// Tells a workspace apart whose package.json gained or lost a dependency.
function sameDependencies(found, entry) {
  return JSON.stringify(found.dependencies ?? {}) === JSON.stringify(entry.dependencies ?? {});
}

function packagesOf(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

// The package `node` fetches its program in an install script, which npm may have been told not to run.
async function checkNode24() {
  if (readStamp('node24') === fingerprintOfNode()) return;
  if (!isNode24())
    await npm('Fetching Node 24 (its install script had not run)', [
      'rebuild',
      'node',
      '--foreground-scripts',
    ]);
  if (!isNode24()) {
    throw new SetupStopped(
      `Node 24 is not at ${node24}, though the npm package \`node\` should have put it there. ` +
        'Remove the folder node_modules and run `npm ci` (with install scripts allowed).',
    );
  }
  writeStamp('node24', fingerprintOfNode());
}

function isNode24() {
  if (!existsSync(node24)) return false;
  const { stdout } = spawnSync(node24, ['--version'], { encoding: 'utf8' });
  return Boolean(stdout?.startsWith('v24.'));
}

function fingerprintOfNode() {
  const file = statSync(node24, { throwIfNoEntry: false });
  return file === undefined ? undefined : `${file.size}:${file.mtimeMs}`;
}

/** A connection on which nothing comes for so long is given up and tried again by npm, milliseconds: of itself it waits for five minutes. */
const SILENT_MS = 45_000;
/** All of it takes less than a minute on most lines. */
const LIMIT_MS = 6 * 60_000;

/** Once more where it hangs: what it has fetched by then is in npm's cache. */
async function npm(label, args) {
  const command = ['npm', ...args, '--no-audit', '--no-fund', '--loglevel=error'];
  // As variables, so that an npm that an install script starts has them too.
  const env = { ...npmEnv(), npm_config_fetch_timeout: String(SILENT_MS) };
  const options = { cwd: root, env, shell: process.platform === 'win32', limitMs: LIMIT_MS };
  try {
    return await runQuietly(label, command, options);
  } catch (error) {
    if (!(error instanceof SetupHung)) throw error;
    print(`${error.message}\nIt is tried once more.`);
  }
  try {
    await runQuietly(label, command, options);
  } catch (error) {
    if (!(error instanceof SetupHung)) throw error;
    throw new SetupStopped(`${error.message}\n${HINT}`);
  }
}

const HINT =
  'That was the second time. See whether the registry of npm answers (`npm ping`), and a proxy is set where you need one. ' +
  'Where the line is only slow, run `npm ci` yourself, which has no limit, and then this again.';
