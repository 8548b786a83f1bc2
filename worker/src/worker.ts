import type { WorkerExit } from './agent/agent.ts';
import { type RunOptions, runAgent } from './agent/run-agent.ts';
import type { WorkerConfig } from './config.ts';
import { workerKinds } from './kinds/registry.ts';

export type { WorkerExit } from './agent/agent.ts';
export { createWorkerLog } from './log.ts';

/**
 * Runs a worker in this process until it has drained, left or been refused.
 * SIGTERM and SIGINT are listened to unless `stop` is given: the first drains,
 * the second leaves at once. `config` comes from `readWorkerConfig`.
 */
export const runWorker = (config: WorkerConfig, options: Omit<RunOptions, 'kinds'>): Promise<WorkerExit> =>
  runAgent(config, { ...options, kinds: workerKinds(config) });
