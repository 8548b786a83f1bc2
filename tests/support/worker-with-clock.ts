// A worker process as its main.ts starts it, by whose clock it is the time that stands in a file, in ms since 1970.
import { readFileSync } from 'node:fs';
import { runProcess } from '@parallel-pilot/worker/agent/run-process.ts';
import { workerKinds } from '@parallel-pilot/worker/kinds/registry.ts';

const file = process.env.TEST_CLOCK_FILE ?? '';

await runProcess(workerKinds, { clock: () => Number(readFileSync(file, 'utf8')) });
