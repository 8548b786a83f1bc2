// `npm run demo`: set-up, then the bundled sample through an embedded farm with two workers.
import { launch } from './launch.mjs';
import { root } from './places.mjs';
import { setup } from './setup.mjs';

await setup();
const args = ['render', 'examples/sample/orbit.blend', '--workers', '2', '--out', 'out'];
await launch(['cli/src/main.ts', ...args, ...process.argv.slice(2)], { cwd: root });
