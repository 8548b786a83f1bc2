import type { WorkerChange } from '@parallel-pilot/shared/api/machines.ts';
import { labelsIn } from '@parallel-pilot/shared/model/placement.ts';
import { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { Argument, Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findWorker } from '../api/find-worker.ts';
import type { Context } from '../context.ts';
import type { ApiFlags } from '../options.ts';
import { historyLines } from '../report/worker-lines.ts';
import { print, printJson } from '../text/print.ts';

type Steer = {
  name: string;
  about: string;
  /** What follows the worker in the command. */
  argument?: Argument;
  change(value: string): WorkerChange;
  /** What is told when it is done, after the worker's name. */
  said(value: string): string;
};

const NAMES = 'separated by commas; "" for none';

const STEERS: Steer[] = [
  {
    name: 'enable',
    about: 'give it work again',
    change: () => ({ disabled: false }),
    said: () => 'is given work',
  },
  {
    name: 'disable',
    about: 'give it no more work; it finishes what it has begun, and stays connected',
    change: () => ({ disabled: true }),
    said: () => 'is given no more work',
  },
  {
    name: 'drain',
    about: 'let it finish what it has begun, and end',
    change: () => ({ draining: true }),
    said: () => 'finishes what it has begun, and ends',
  },
  {
    name: 'rename',
    about: 'call it something else',
    argument: new Argument('<label>', '"" for what it calls itself'),
    change: (label) => ({ label: label === '' ? null : label }),
    said: (label) => (label === '' ? 'has its own name again' : `is now called ${label}`),
  },
  {
    name: 'tag',
    about: 'give it tags, instead of those it has, for jobs of its team to choose by',
    argument: new Argument('<tags>', NAMES),
    change: (tags) => ({ tags: labelsIn(tags) }),
    said: (tags) =>
      labelsIn(tags).length === 0 ? 'has no tags' : `has the tags ${labelsIn(tags).join(', ')}`,
  },
  {
    name: 'pool',
    about: 'put it into pools, instead of those it is in, for jobs to choose by',
    argument: new Argument('<pools>', NAMES),
    change: (pools) => ({ pools: labelsIn(pools) }),
    said: (pools) =>
      labelsIn(pools).length === 0 ? 'is in no pool' : `is in the pools ${labelsIn(pools).join(', ')}`,
  },
  {
    name: 'as-started',
    about: 'let it have the tags and pools again that it is started with',
    change: () => ({ tags: null, pools: null }),
    said: () => 'has the tags and pools that it was started with',
  },
  {
    name: 'note',
    about: 'write something down about it',
    argument: new Argument('<text>', '"" for nothing'),
    change: (note) => ({ note }),
    said: (note) => (note === '' ? 'has no note' : 'has that note'),
  },
  {
    name: 'for',
    about: 'say for whom it works: its owner, their team, or everyone on the farm',
    argument: new Argument('<whom>').choices(WorksFor.options),
    change: (whom) => ({ worksFor: WorksFor.parse(whom) }),
    said: (whom) => `works for ${whom === 'everyone' ? 'everyone' : `its ${whom}`}`,
  },
];

/** Below `pilot workers`: what one may do to a worker. */
export function steerCommands(context: Context): Command[] {
  return [...STEERS.map((steer) => steerCommand(context, steer)), revoke(context), history(context)];
}

function steerCommand(context: Context, { name, about, argument, change, said }: Steer): Command {
  const command = named(name, about);
  if (argument !== undefined) command.addArgument(argument);
  return command.action(async (text: string, ...rest: unknown[]) => {
    const flags = command.optsWithGlobals<ApiFlags>();
    const value = argument === undefined ? '' : String(rest[0]);
    const api = await connect(context.config, flags);
    const found = await findWorker(api, text);
    const worker = await api.changeWorker(found.id, change(value));
    if (flags.json) printJson(context.stdout, worker, 2);
    else print(context.stdout, `${found.label ?? found.name} ${said(value)}.`);
  });
}

function revoke(context: Context): Command {
  const command = named('revoke', 'end its connection, and let it in no more');
  return command.action(async (text: string) => {
    const flags = command.optsWithGlobals<ApiFlags>();
    const api = await connect(context.config, flags);
    const { id, name, label } = await findWorker(api, text);
    await api.removeWorker(id);
    if (flags.json) printJson(context.stdout, { id, removed: true }, 2);
    else
      print(context.stdout, `${label ?? name} was removed. A token that it still has lets another one in.`);
  });
}

function history(context: Context): Command {
  const command = named('history', 'show what it did, newest first').option(
    '--before <place>',
    'go on where an earlier page ended',
  );
  return command.action(async (text: string) => {
    const flags = command.optsWithGlobals<ApiFlags & { before?: string }>();
    const api = await connect(context.config, flags);
    const { id } = await findWorker(api, text);
    const page = await api.workerHistory(id, flags.before);
    if (flags.json) printJson(context.stdout, page, 2);
    else print(context.stdout, historyLines(page, context.stdout.columns || 120));
  });
}

const named = (name: string, about: string): Command =>
  new Command(name)
    .description(about)
    .argument('<worker>', 'what it is called, or enough of its id')
    .configureHelp({ showGlobalOptions: true });
