// Started by whatever Node the machine has, from 18 on, before any npm package is there.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npmPackages } from './npm-packages.mjs';
import { node24 } from './places.mjs';
import { print, SetupStopped } from './print.mjs';
import { programs } from './programs.mjs';
import { site } from './site.mjs';

export { node24 };

/**
 * Makes the clone ready: npm packages with Node 24, the programs of the system, the built site. Says what it
 * does while it does it, and does nothing where nothing is to be done. Where the user has to act it says how
 * and ends the process with exit code 1.
 *
 * @param {{ forTests?: boolean, forDispatch?: boolean, forCommands?: boolean }} [options] forTests: also what the tests need (MariaDB server,
 *   Chromium), and not the site: the tests build it, so that a site that does not build is a failure among theirs.
 *   forDispatch: what `npm run bench:dispatch` compares with (MariaDB, Redis); forCommands: GNU parallel, for `npm run bench:commands`.
 */
export async function setup({ forTests = false, forDispatch = false, forCommands = false } = {}) {
  const started = Date.now();
  await orStop(async () => {
    await npmPackages();
    await programs({ forTests, forDispatch, forCommands });
    if (!forTests) await site();
  });
  print(`Set-up: everything is in place (${((Date.now() - started) / 1000).toFixed(1)} s).`);
}

async function orStop(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupStopped)) throw error;
    print(error.message);
    process.exit(1);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--site-only')) await orStop(site);
  else {
    const [forTests, forDispatch, forCommands] = ['--for-tests', '--for-dispatch', '--for-commands'].map(
      (it) => process.argv.includes(it),
    );
    await setup({ forTests, forDispatch, forCommands });
  }
}
