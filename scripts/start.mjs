// `npm start`: set-up, then the embedded farm with the website, staying up. Arguments go to `pilot up`.
import { launch } from './launch.mjs';
import { root } from './places.mjs';
import { setup } from './setup.mjs';

await setup();
await launch(['cli/src/main.ts', 'up', ...process.argv.slice(2)], { cwd: root });
