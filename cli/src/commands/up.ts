import { resolve } from 'node:path';
import { printable } from '@parallel-pilot/shared/model/printable.ts';
import { Command } from 'commander';
import { unsandboxedConfig } from '../config.ts';
import { type Context, isColoured, isWatched } from '../context.ts';
import { type ChildEvent, incidentSentence } from '../farm/child-events.ts';
import { type Farm, startFarm } from '../farm/farm.ts';
import { networkUrl } from '../farm/ports.ts';
import { defaultWorkers } from '../farm/programs.ts';
import { wholeNumber } from '../numbers.ts';
import { setting, withExamples, withJson, withUnsandboxed } from '../options.ts';
import { upLines } from '../report/up-lines.ts';
import { type Interrupts, takeInterrupts } from '../run/interrupts.ts';
import { SentenceError } from '../sentence-error.ts';
import { printJson } from '../text/print.ts';

type Flags = {
  workers?: number;
  host: string;
  port: number;
  balancerPort?: number;
  data?: string;
  verbose?: boolean;
  unsandboxed?: boolean;
  json?: boolean;
};

/** What a worker is at may take this long after Ctrl-C, unless it is pressed again. */
const DRAIN_MS = 15 * 60_000;

/** `pilot up`: the embedded farm with the website, until Ctrl-C. */
export function upCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('up')
    .summary('start a farm with the website, and keep it up')
    .description(
      'Starts the whole farm on this machine: server with the website, load balancer and workers.\n' +
        'Whatever of it dies is started again; jobs go on where they were.',
    )
    .addOption(setting('PILOT_WORKERS', 'workers on this machine').argParser(wholeNumber(0, 64)))
    .addOption(setting('PILOT_HOST').default('127.0.0.1'))
    .addOption(setting('PILOT_PORT').argParser(wholeNumber(1, 65_534)).default(3000))
    .addOption(
      setting('PILOT_BALANCER_PORT', 'port at which workers join (the one above --port)').argParser(
        wholeNumber(1, 65_535),
      ),
    )
    .addOption(setting('PILOT_DATA', 'folder for the database, files and logs'))
    .option('--verbose', 'also show the logs of all processes');
  withJson(withUnsandboxed(command));
  withExamples(command, ['pilot up', 'pilot up --workers 4', 'pilot up --host 0.0.0.0 --port 8080']);
  return command.action(async (flags: Flags) => exit(await run(context, flags)));
}

type Say = (event: string, fields: object, text: string) => void;

async function run(context: Context, flags: Flags): Promise<number> {
  const { stdout } = context;
  const dataFolder = resolve(flags.data ?? context.config.dataFolder);
  const config = unsandboxedConfig({ ...context.config, dataFolder }, flags.unsandboxed);
  const workers = flags.workers ?? defaultWorkers(config.cpus);
  const interrupts = takeInterrupts();
  const say: Say = (event, fields, text) => {
    const line = { time: new Date().toISOString(), event, ...fields };
    if (flags.json) printJson(stdout, line);
    else stdout.write(`${text}\n`);
  };
  if (isWatched(context) && !flags.json) stdout.write('\n  Starting the farm …\n');
  const start = await startFarm(config, {
    host: flags.host,
    ports: { kind: 'fixed', port: flags.port, balancerPort: flags.balancerPort ?? flags.port + 1 },
    workers,
    verbose: flags.verbose ?? false,
    signal: interrupts.first,
    onEvent: (event) => sayIncident(event, say),
  });
  if (start.ok) {
    const { unsandboxed } = config;
    const { adminLink } = start.farm;
    const facts = { ...describe(start.farm, flags.host), workers, unsandboxed, dataFolder, adminLink };
    // Where nobody watches, what is printed ends up in a log.
    const token = isWatched(context) ? start.farm.workerToken : null;
    const lines = upLines({ ...facts, cpus: config.cpus, token }, isColoured(context, stdout));
    return stayUp(start.farm, interrupts, say, () => say('farm.ready', facts, lines.join('\n')));
  }
  if (interrupts.first.aborted) return 130;
  throw new SentenceError(start.message);
}

async function stayUp(farm: Farm, interrupts: Interrupts, say: Say, sayUp: () => void): Promise<number> {
  const ended = Promise.race([farm.failed, aborted(interrupts.first)]);
  const up = Promise.race([farm.complete.then(() => true), ended.then(() => false)]);
  if (await up) sayUp();
  const problem = await ended;
  if (problem === null) say('farm.stopping', {}, stoppingLine);
  await farm.stop(problem === null ? DRAIN_MS : 0, interrupts.second);
  interrupts.release();
  if (problem !== null) throw new SentenceError(problem);
  say('farm.stopped', {}, '  Stopped. Jobs that are not finished go on when it is started again.');
  return 0;
}

function sayIncident(event: ChildEvent, say: Say): void {
  const message = incidentSentence(event);
  const clock = new Date().toTimeString().slice(0, 8);
  if (message !== null) say('farm.incident', { message }, `  ${clock}  ${printable(message)}`);
}

const stoppingLine = '\n  Stopping after the work under way. Ctrl-C again stops at once.';

function describe(farm: Farm, host: string) {
  const joinUrl = networkUrl(host, farm.balancerPort);
  return {
    url: farm.publicUrl,
    reachable: !/^(127\.|localhost$|::1$|\[::1\]$)/.test(host),
    join: `npx pilot worker --join ${joinUrl}`,
  };
}

const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
