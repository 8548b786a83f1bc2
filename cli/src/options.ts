import type { Command } from 'commander';
import type { ServerFlags } from './api/connect.ts';
import { eventNames } from './report/events.ts';
import { refusedSecret } from './secret-options.ts';
import { wrap } from './text/columns.ts';

/** What every command that speaks to a farm takes. */
export type ApiFlags = ServerFlags & { json?: boolean };

export const KEY_WAYS = 'Give the key in a file with --key-file, or in the variable PILOT_KEY.';

export const withServer = (command: Command): Command =>
  command
    .option('--server <url>', 'the farm to speak to (or PILOT_SERVER; otherwise the one on this machine)')
    .option('--key-file <file>', "file with the owner's key, where the farm demands it (or PILOT_KEY)")
    .addOption(refusedSecret('--key', KEY_WAYS))
    .option('--data <dir>', 'data folder of the farm on this machine (or PILOT_DATA)');

export const withJson = (command: Command): Command => command.option('--json', 'print JSON instead of text');

/** For commands that bring workers. */
export const withUnsandboxed = (command: Command): Command =>
  command.option(
    '--unsandboxed',
    'work even where this machine has no sandbox: a job can then read and change all that you can (or PILOT_UNSANDBOXED=1)',
  );

/** Lines such as "pilot jobs --state active", shown below the options. */
export const withExamples = (command: Command, examples: string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);

/** Names of the events of `--json`, shown below the examples; `own` are those of the command's kind. */
export const withEvents = (command: Command, own: Parameters<typeof eventNames>[0]): Command => {
  const lines = wrap(eventNames(own).join(', '), 76).map((line) => `  ${line}`);
  return command.addHelpText('after', `\nEvents of --json, one a line:\n${lines.join('\n')}`);
};
