#!/usr/bin/env node
// `npx pilot …` within the clone. The system's Node may be older than what the farm needs, so this file alone
// runs by it, and the rest by the Node 24 among the npm packages.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from '../../scripts/launch.mjs';
import { node24 } from '../../scripts/places.mjs';

if (!existsSync(node24)) {
  process.stderr.write(
    'pilot is not set up yet. Run `npm run setup` in the top folder of the clone first.\n',
  );
  process.exit(1);
}
await launch([fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...process.argv.slice(2)]);
