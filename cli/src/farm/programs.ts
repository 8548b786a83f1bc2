import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CliConfig } from '../config.ts';
import type { ChildProgram } from './child.ts';
import { localUrl } from './ports.ts';

/** Where a farm is to listen and how many workers it brings. Ports are real ones: a restarted process takes the same again. */
export type FarmPlan = {
  host: string;
  port: number;
  balancerPort: number;
  workers: number;
  verbose: boolean;
};

/**
 * A small nursery, and a heap that is collected when it has grown by so many percent of what is alive, and not only when
 * it is four times as large: with 1,000 workers and a job of 100,000 chunks 273 MB instead of 393, for a fifth more
 * processor a chunk (`npm run bench:dispatch`). Dockerfile and docker-compose.yml have the same.
 */
export const SERVER_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=50'];

type Surroundings = Pick<CliConfig, 'env' | 'dataFolder' | 'hostName' | 'cpus'>;

export function balancerProgram(config: Surroundings, plan: FarmPlan): ChildProgram {
  return {
    ...program(config, plan, 'load balancer', 'load-balancer', 'load-balancer'),
    nodeFlags: SERVER_FLAGS,
    env: serverEnv(config, plan),
  };
}

export function backendProgram(config: Surroundings, plan: FarmPlan): ChildProgram {
  return {
    ...program(config, plan, 'server', 'client-backend', 'client-backend'),
    nodeFlags: SERVER_FLAGS,
    env: serverEnv(config, plan),
  };
}

/** Worker `index` counts from 1. The machine's threads are shared out between the workers, and memory if it was set. */
export function workerProgram(
  config: Surroundings,
  plan: FarmPlan,
  index: number,
  token: string,
): ChildProgram {
  const name = `${config.hostName}-${index}`;
  return {
    ...program(config, plan, `worker ${name}`, 'worker', `worker-${index}`),
    env: {
      ...config.env,
      PILOT_JOIN: localUrl(plan.host, plan.balancerPort),
      PILOT_TOKEN: token,
      PILOT_NAME: name,
      PILOT_SLOTS: '1',
      PILOT_THREADS: String(Math.max(1, Math.floor(config.cpus / plan.workers))),
      ...shareOfMemory(config.env.PILOT_MEMORY_GB, plan.workers),
      PILOT_WORKER_DATA: join(config.dataFolder, 'workers', String(index)),
    },
  };
}

/** What is no number the worker refuses in its own words. */
const shareOfMemory = (gigabytes: string | undefined, workers: number): NodeJS.ProcessEnv =>
  Number(gigabytes) > 0 ? { PILOT_MEMORY_GB: String(Number(gigabytes) / workers) } : {};

/** A farm does its work without one of its workers, but not without one of its servers. */
export const isWorkerName = (name: string): boolean => name.startsWith('worker ');

/** As many workers as keep the cores busy between chunks, without holding a job's files in memory too often. */
export const defaultWorkers = (cpus: number): number => Math.max(1, Math.min(4, Math.floor(cpus / 2)));

function program(
  config: Surroundings,
  plan: FarmPlan,
  name: string,
  workspace: string,
  log: string,
): Omit<ChildProgram, 'env'> {
  return {
    name,
    main: fileURLToPath(import.meta.resolve(`@parallel-pilot/${workspace}/main.ts`)),
    log: join(config.dataFolder, 'logs', `${log}.log`),
    verbose: plan.verbose,
  };
}

const serverEnv = (config: Surroundings, plan: FarmPlan): NodeJS.ProcessEnv => ({
  ...config.env,
  PILOT_DATA: config.dataFolder,
  PILOT_HOST: plan.host,
  PILOT_PORT: String(plan.port),
  PILOT_BACKEND_PORT: String(plan.port),
  PILOT_BALANCER_PORT: String(plan.balancerPort),
  PILOT_BALANCER_URL: localUrl(plan.host, plan.balancerPort),
});
