import { runProcess } from './agent/run-process.ts';
import { workerKinds } from './kinds/registry.ts';

await runProcess(workerKinds);
