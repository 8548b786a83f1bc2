import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { CLI_KINDS } from '../kinds/registry.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { workerTable } from '../report/worker-lines.ts';
import { print, printJson } from '../text/print.ts';
import { joinTokenCommands } from './join-tokens.ts';
import { steerCommands } from './steer-workers.ts';

/** `pilot workers`: the machines of a farm and what each is at; and what one may do to them. */
export function workersCommand(context: Context): Command {
  const command = new Command('workers')
    .summary('list workers, and say what they may do')
    .description('Lists the workers of a farm: state, load, what each can do and is at.')
    .helpCommand(false);
  withJson(withServer(command));
  withExamples(command, [
    'pilot workers',
    'pilot workers disable studio-07',
    'pilot workers for laptop everyone',
    'pilot workers token --uses 20 --days 7 > token.txt',
  ]);
  for (const one of [...steerCommands(context), ...joinTokenCommands(context)])
    command.addCommand(one.copyInheritedSettings(command));
  return command.action(async (flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const list = await api.workers();
    const columns = CLI_KINDS.flatMap((kind) => kind.columns);
    if (flags.json) printJson(context.stdout, list, 2);
    else print(context.stdout, workerTable(list, columns, context.stdout.columns || 120));
  });
}
