import { availableParallelism, homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { pidNamespace } from '@parallel-pilot/sandbox/limits/process-life.ts';
import { TimeZone } from '@parallel-pilot/shared/model/hours.ts';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { Labels, labelsIn } from '@parallel-pilot/shared/model/placement.ts';
import { Counts } from '@parallel-pilot/shared/model/resources.ts';
import { withoutBlanks } from '@parallel-pilot/shared/model/settings.ts';
import { parseCounts } from '@parallel-pilot/shared/model/typed-counts.ts';
import { parseSpans } from '@parallel-pilot/shared/model/week-clock.ts';
import { z } from 'zod';
import { type GangSetting, GangSettingText } from './gang/gang-address.ts';
import { hoursOf, type LentFolders, LentText, threadsIn } from './lending-text.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const FarmUrl = z
  .url({ protocol: /^https?$/, error: 'expected an address like http://192.168.1.10:3001' })
  .transform((url) => new URL(url).origin);

const Environment = z.object({
  /** Address of the load balancer. */
  PILOT_JOIN: FarmUrl,
  /** Where this worker finds the backend, if not where the farm says. */
  PILOT_BACKEND_URL: FarmUrl.optional(),
  /** Needed until the farm has given this worker a credential for it. */
  PILOT_TOKEN: z.string().min(1).max(512).optional(),
  PILOT_NAME: z.string().min(1).max(128).default(hostname()),
  /** What jobs may ask for, as long as nobody sets something else on the farm: "film,night". */
  PILOT_TAG: z.string().default('').transform(labelsIn).pipe(Labels),
  PILOT_POOL: z.string().default('').transform(labelsIn).pipe(Labels),
  PILOT_SLOTS: z.coerce.number().int().min(1).max(256).default(1),
  /** CPU threads of the whole worker, shared out between its slots. */
  PILOT_THREADS: z
    .string()
    .regex(/^\s*\d{1,5}\s*%?\s*$/, 'expected a number of threads, or a part of them, such as 50%')
    .transform((text) => threadsIn(text))
    .pipe(z.int().min(1))
    .default(availableParallelism()),
  /** Hours that a chunk may take of which its job says nothing else. */
  PILOT_CHUNK_HOURS: z.coerce.number().positive().default(72),
  /** Memory for jobs, of all slots together. Left out, this worker shares what the machine has with its others. */
  PILOT_MEMORY_GB: z.coerce.number().positive().optional(),
  /** Disk space for what jobs write, of all slots together. Left out, all that is free. */
  PILOT_DISK_GB: z.coerce.number().positive().optional(),
  /** Named counts, such as licences. */
  PILOT_RESOURCE: z.string().default('').transform(parseCounts).pipe(Counts),
  /** Where the workers of this machine see each other. */
  PILOT_HOST_FOLDER: z
    .string()
    .min(1)
    .default(join(homedir(), '.parallel-pilot', 'hosts', `${hostname()}-${pidNamespace()}`)),
  /** Where other workers reach this one, where chunks are worked on together. */
  PILOT_GANG_ADDRESS: GangSettingText.default('auto'),
  PILOT_WORKER_DATA: z
    .string()
    .min(1)
    .default(join(homedir(), '.parallel-pilot', 'worker')),
  PILOT_CACHE_GB: z.coerce.number().positive().default(20),
  /** When it is lent: "22:00-06:00", "weekdays 20:00-07:00, weekends". */
  PILOT_HOURS: z
    .string()
    .max(2_000)
    .superRefine((text, context) => {
      const parsed = parseSpans(text);
      if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
    })
    .optional(),
  /** Whose clocks that is by; this machine's without. */
  PILOT_TIME_ZONE: TimeZone.optional(),
  /** Kinds of work, and GPUs, that it is lent for; "none" for no GPU. */
  PILOT_KINDS: z.string().transform(labelsIn).pipe(z.array(z.string()).min(1)).optional(),
  PILOT_GPUS: z
    .string()
    .transform((text) => (text.trim() === 'none' ? [] : labelsIn(text)))
    .optional(),
  /** A file with what is lent, which is read again when it changes. */
  PILOT_LENDING_FILE: z.string().min(1).optional(),
  /** Folders that are lent as data, by name. */
  PILOT_LEND_DATA: LentText.prefault(''),
  /** Take work only while nobody else uses the machine. */
  PILOT_ONLY_IDLE: z.stringbool({ error: 'expected 1 or 0' }).default(false),
  /** Work without a sandbox where this machine has none. */
  PILOT_UNSANDBOXED: z.stringbool({ error: 'expected 1 or 0' }).default(false),
  /** Set by the image of a worker: around it is a container that holds nothing else. */
  PILOT_CONTAINER: z.stringbool({ error: 'expected 1 or 0' }).default(false),
  PILOT_LOG: z.enum(LOG_LEVELS).default('info'),
});

export type WorkerConfig = {
  /** Origin of the load balancer, `http://host:3001`. */
  join: string;
  /** Origin of the backend; null where the farm says it. */
  backend: string | null;
  /** Null where none was given: the worker has a credential of its own, or cannot join. */
  token: string | null;
  name: string;
  tags: string[];
  pools: string[];
  slots: number;
  /** For all slots together. */
  threads: number;
  longestChunkMs: number;
  /** For all slots together; null for an equal share of the machine. */
  memoryBytes: number | null;
  /** For what all slots together write; null for what is free. */
  diskBytes: number | null;
  /** What else chunks may use up. */
  counts: Readonly<Record<string, number>>;
  hostFolder: string;
  /** Where other workers reach this one. */
  gangAddress: GangSetting;
  dataFolder: string;
  cacheBytes: number;
  /** What else is said in variables named PILOT_…, which only a kind knows, and reads by itself. */
  kindSettings: Readonly<Record<string, string>>;
  /** Whether it may work where this machine has no sandbox. */
  unsandboxed: boolean;
  /** Whether a container of its own is around it, which keeps jobs from the machine where nothing else does. */
  container: boolean;
  /** What else limits how much of the machine is lent, and when. */
  lending: Lending;
  /** Folders of data that jobs may use here, by name; a file may lend more. */
  lentFolders: LentFolders;
  /** A file that limits it further; null for none. */
  lendingFile: string | null;
  logLevel: (typeof LOG_LEVELS)[number];
};

/**
 * Parses the environment with `given` laid over it (same names; undefined
 * leaves the environment's). Throws an Error with a line for each setting that
 * does not fit; none quotes a value, since one of them is the token.
 */
export function readWorkerConfig(
  given: Record<string, string | undefined> = {},
  env: Record<string, string | undefined> = process.env,
): WorkerConfig {
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
  const all = withoutBlanks({ ...env, ...Object.fromEntries(chosen) });
  const parsed = Environment.safeParse(all);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The worker's settings are not usable:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  return {
    join: e.PILOT_JOIN,
    backend: e.PILOT_BACKEND_URL ?? null,
    token: e.PILOT_TOKEN ?? null,
    name: e.PILOT_NAME,
    tags: e.PILOT_TAG,
    pools: e.PILOT_POOL,
    slots: e.PILOT_SLOTS,
    threads: e.PILOT_THREADS,
    longestChunkMs: e.PILOT_CHUNK_HOURS * 3_600_000,
    memoryBytes: e.PILOT_MEMORY_GB === undefined ? null : Math.round(e.PILOT_MEMORY_GB * GB),
    diskBytes: e.PILOT_DISK_GB === undefined ? null : Math.round(e.PILOT_DISK_GB * GB),
    counts: e.PILOT_RESOURCE,
    hostFolder: e.PILOT_HOST_FOLDER,
    gangAddress: e.PILOT_GANG_ADDRESS,
    dataFolder: e.PILOT_WORKER_DATA,
    cacheBytes: Math.round(e.PILOT_CACHE_GB * GB),
    kindSettings: othersOf(all),
    unsandboxed: e.PILOT_UNSANDBOXED,
    container: e.PILOT_CONTAINER,
    lending: lendingOf(e),
    lentFolders: e.PILOT_LEND_DATA,
    lendingFile: e.PILOT_LENDING_FILE ?? null,
    logLevel: e.PILOT_LOG,
  };
}

const GB = 1000 ** 3;

function lendingOf(e: z.output<typeof Environment>): Lending {
  const { PILOT_HOURS: hours, PILOT_KINDS: kinds, PILOT_GPUS: gpus } = e;
  return {
    ...(hours === undefined ? {} : { hours: [hoursOf(hours, e.PILOT_TIME_ZONE)] }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(gpus === undefined ? {} : { gpus }),
    ...(e.PILOT_ONLY_IDLE ? { onlyIdle: true } : {}),
  };
}

const othersOf = (env: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value && name.startsWith('PILOT_') && !(name in Environment.shape) ? [[name, value]] : [],
    ),
  );
