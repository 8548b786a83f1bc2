import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { CLI_KINDS } from '../kinds/registry.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { workerTable } from '../report/worker-lines.ts';
import { print, printJson } from '../text/print.ts';

/** `pilot workers`: the machines of a farm and what each is at. */
export function workersCommand(context: Context): Command {
  const command = new Command('workers')
    .summary('list workers and what they do')
    .description('Lists the workers of a farm: state, load, what each can do and is at.');
  withJson(withServer(command));
  withExamples(command, ['pilot workers', 'pilot workers --json']);
  return command.action(async (flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const list = await api.workers();
    const columns = CLI_KINDS.flatMap((kind) => kind.columns);
    if (flags.json) printJson(context.stdout, list, 2);
    else print(context.stdout, workerTable(list, columns, context.stdout.columns || 120));
  });
}
