// `npm test`: set-up with what the tests need, then every check and test. Arguments pick test files by name.
import { launch } from './launch.mjs';
import { root } from './places.mjs';
import { setup } from './setup.mjs';

await setup({ forTests: true });
await launch(['scripts/run-tests.ts', ...process.argv.slice(2)], { cwd: root });
