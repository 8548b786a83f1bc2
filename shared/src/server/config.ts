import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { TeamLimits } from '../api/limits.ts';
import { withSecretFiles } from '../files/secret-files.ts';
import { type Escalation, escalationOf, STANDARD_ESCALATION } from '../model/escalation.ts';
import { withoutBlanks } from '../model/settings.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { type Addresses, parseAddresses } from './peer-address.ts';

const percent = z.coerce.number().min(0).max(100).optional();
const limit = z.coerce.number().int().min(0).optional();
const port = z.coerce.number().int().min(0).max(65_535);

/** What both servers read from the environment. A port of 0 takes a free one, told in the `ready` message. */
const Environment = z.object({
  PILOT_DATA: z.string().default(join(homedir(), '.parallel-pilot')),
  DATABASE_URL: z.string().optional(),
  /** Of DATABASE_URL, where it has none in it. */
  DATABASE_PASSWORD: z.string().min(1).optional(),
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
  /** Of all uploads that are not finished, by the sizes they announced. */
  PILOT_MAX_OPEN_UPLOAD_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(200 * 1024 ** 3),
  /** Of the event of a call of a function, and of its answer. No program holds a longer text. */
  PILOT_MAX_CALL_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .max(256 * 1024 ** 2)
    .default(64 * 1024 ** 2),
  /** Of each team for which nothing else is set; without them there is no limit. */
  PILOT_TEAM_WAITING_JOBS: limit,
  PILOT_TEAM_CHUNKS_AT_ONCE: limit,
  PILOT_TEAM_STORED_BYTES: limit,
  PILOT_TEAM_UPLOAD_BYTES: limit,
  PILOT_TEAM_WORKER_HOURS: limit,
  PILOT_TEAM_CALLS_PER_DAY: limit,
  /** Of jobs that are over, before they are deleted; without it they are kept. */
  PILOT_KEEP_DAYS: z.coerce.number().int().min(1).max(36_500).optional(),
  /** Of the time from a job's submission to its deadline. */
  PILOT_DEADLINE_FIRST: percent,
  PILOT_DEADLINE_PREEMPT: percent,
  PILOT_STALL_SECONDS: z.coerce.number().min(0.1).max(3_600).default(20),
  PILOT_MAX_CONNECTIONS: z.coerce.number().int().positive().default(8_192),
  PILOT_MAX_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().positive().default(512),
  /** Reverse proxies, whose X-Forwarded-For is believed: "10.0.0.7, 10.1.0.0/16". */
  PILOT_TRUSTED_PROXIES: z
    .string()
    .transform((text, context) => {
      try {
        return parseAddresses(text);
      } catch (error) {
        context.issues.push({ code: 'custom', input: text, message: (error as Error).message });
        return z.NEVER;
      }
    })
    .optional(),
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
  maxOpenUploadBytes: number;
  maxCallBytes: number;
  /** Of each team for which nothing else was set. */
  teamLimits: TeamLimits;
  /** Where admins have set nothing else. */
  escalation: Escalation;
  connections: ConnectionLimits;
  trustedProxies: Addresses;
  logLevel: string;
  /** Secrets given from outside; the others are kept in files, see secrets.ts. */
  secrets: { workerToken?: string; controlToken?: string; signingKey?: string };
};

/** Parses the environment; throws an Error with a sentence for each variable that does not fit. */
export function readServerConfig(env: NodeJS.ProcessEnv): ServerConfig {
  const parsed = Environment.safeParse(withSecretFiles(withoutBlanks(env), SECRETS));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings in the environment are not usable:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  return {
    dataFolder: e.PILOT_DATA,
    databaseUrl: databaseUrlOf(e),
    host: e.PILOT_HOST,
    port: e.PILOT_PORT,
    balancerPort: e.PILOT_BALANCER_PORT,
    balancerUrl: e.PILOT_BALANCER_URL ?? `http://127.0.0.1:${e.PILOT_BALANCER_PORT}`,
    publicUrl: e.PILOT_PUBLIC_URL ?? null,
    backendPort: e.PILOT_BACKEND_PORT,
    maxUploadBytes: e.PILOT_MAX_UPLOAD_BYTES,
    maxOpenUploadBytes: e.PILOT_MAX_OPEN_UPLOAD_BYTES,
    maxCallBytes: e.PILOT_MAX_CALL_BYTES,
    teamLimits: {
      waitingJobs: e.PILOT_TEAM_WAITING_JOBS,
      chunksAtOnce: e.PILOT_TEAM_CHUNKS_AT_ONCE,
      storedBytes: e.PILOT_TEAM_STORED_BYTES,
      uploadBytes: e.PILOT_TEAM_UPLOAD_BYTES,
      workerHours: e.PILOT_TEAM_WORKER_HOURS,
      callsPerDay: e.PILOT_TEAM_CALLS_PER_DAY,
      retentionDays: e.PILOT_KEEP_DAYS,
    },
    escalation: escalationIn(e),
    connections: {
      stallMs: e.PILOT_STALL_SECONDS * 1_000,
      mostConnections: e.PILOT_MAX_CONNECTIONS,
      mostPerAddress: e.PILOT_MAX_CONNECTIONS_PER_ADDRESS,
    },
    // A public address beside the one that is listened on means a proxy, as a rule on this machine.
    trustedProxies: e.PILOT_TRUSTED_PROXIES ?? parseAddresses(e.PILOT_PUBLIC_URL ? OWN_ADDRESSES : ''),
    logLevel: e.PILOT_LOG,
    secrets: {
      ...(e.PILOT_WORKER_TOKEN === undefined ? {} : { workerToken: e.PILOT_WORKER_TOKEN }),
      ...(e.PILOT_CONTROL_TOKEN === undefined ? {} : { controlToken: e.PILOT_CONTROL_TOKEN }),
      ...(e.PILOT_SIGNING_KEY === undefined ? {} : { signingKey: e.PILOT_SIGNING_KEY }),
    },
  };
}

const SECRETS = [
  'DATABASE_URL_FILE',
  'DATABASE_PASSWORD_FILE',
  'PILOT_WORKER_TOKEN_FILE',
  'PILOT_CONTROL_TOKEN_FILE',
  'PILOT_SIGNING_KEY_FILE',
] as const;

function escalationIn(e: z.output<typeof Environment>): Escalation {
  const [first, preempt] = [partOf(e.PILOT_DEADLINE_FIRST), partOf(e.PILOT_DEADLINE_PREEMPT)];
  if (preempt !== null && preempt > (first ?? STANDARD_ESCALATION.first))
    throw new Error(
      'The settings in the environment are not usable:\n  PILOT_DEADLINE_PREEMPT: a job goes before others before it may preempt, so this is at most PILOT_DEADLINE_FIRST',
    );
  return escalationOf({ first, preempt }, STANDARD_ESCALATION);
}

const partOf = (percents: number | undefined): number | null =>
  percents === undefined ? null : percents / 100;

function databaseUrlOf(e: z.output<typeof Environment>): string {
  const { DATABASE_URL: url, DATABASE_PASSWORD: password } = e;
  if (password === undefined) return url ?? `sqlite:${join(e.PILOT_DATA, 'farm.sqlite')}`;
  if (url === undefined || !URL.canParse(url) || new URL(url).username === '')
    throw new Error('DATABASE_PASSWORD is set, but DATABASE_URL names no user: mysql://user@host/name.');
  const whole = new URL(url);
  whole.password = encodeURIComponent(password);
  return whole.href;
}

const OWN_ADDRESSES = '127.0.0.1, ::1';
const own = parseAddresses(OWN_ADDRESSES);

/** Embedded workers and a proxy come from few addresses, with many connections each. */
export const isExempt =
  ({ trustedProxies }: Pick<ServerConfig, 'trustedProxies'>) =>
  (address: string): boolean =>
    own.has(address) || trustedProxies.has(address);

/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
