import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);

/** What both servers read from the environment. A port of 0 takes a free one, told in the `ready` message. */
const Environment = z.object({
  PILOT_DATA: z.string().default(join(homedir(), '.parallel-pilot')),
  DATABASE_URL: z.string().optional(),
  /** Address the servers listen on; anything but loopback demands the owner's key. */
  PILOT_HOST: z.string().default('127.0.0.1'),
  PILOT_PORT: port.default(3000),
  PILOT_BALANCER_PORT: port.default(3001),
  /** Where the backend finds the balancer. */
  PILOT_BALANCER_URL: z.url().optional(),
  /** Where workers and browsers find the backend, when a proxy stands before it. */
  PILOT_PUBLIC_URL: z.url().optional(),
  /** Port of the backend as workers see it, for a balancer started by itself. */
  PILOT_BACKEND_PORT: port.default(3000),
  PILOT_MAX_UPLOAD_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(20 * 1024 ** 3),
  PILOT_LOG: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  PILOT_WORKER_TOKEN: z.string().min(16).optional(),
  PILOT_CONTROL_TOKEN: z.string().min(16).optional(),
  PILOT_SIGNING_KEY: z.string().min(16).optional(),
});

export type ServerConfig = {
  dataFolder: string;
  databaseUrl: string;
  host: string;
  port: number;
  balancerPort: number;
  balancerUrl: string;
  publicUrl: string | null;
  backendPort: number;
  maxUploadBytes: number;
  logLevel: string;
  /** Secrets given from outside; the others are kept in files, see secrets.ts. */
  secrets: { workerToken?: string; controlToken?: string; signingKey?: string };
};

/** Parses the environment; throws an Error with a sentence for each variable that does not fit. */
export function readServerConfig(env: NodeJS.ProcessEnv): ServerConfig {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings in the environment are not usable:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  return {
    dataFolder: e.PILOT_DATA,
    databaseUrl: e.DATABASE_URL ?? `sqlite:${join(e.PILOT_DATA, 'farm.sqlite')}`,
    host: e.PILOT_HOST,
    port: e.PILOT_PORT,
    balancerPort: e.PILOT_BALANCER_PORT,
    balancerUrl: e.PILOT_BALANCER_URL ?? `http://127.0.0.1:${e.PILOT_BALANCER_PORT}`,
    publicUrl: e.PILOT_PUBLIC_URL ?? null,
    backendPort: e.PILOT_BACKEND_PORT,
    maxUploadBytes: e.PILOT_MAX_UPLOAD_BYTES,
    logLevel: e.PILOT_LOG,
    secrets: {
      ...(e.PILOT_WORKER_TOKEN === undefined ? {} : { workerToken: e.PILOT_WORKER_TOKEN }),
      ...(e.PILOT_CONTROL_TOKEN === undefined ? {} : { controlToken: e.PILOT_CONTROL_TOKEN }),
      ...(e.PILOT_SIGNING_KEY === undefined ? {} : { signingKey: e.PILOT_SIGNING_KEY }),
    },
  };
}

/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
