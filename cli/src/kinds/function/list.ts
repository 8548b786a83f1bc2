import { FunctionList } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { Command } from 'commander';
import { connect } from '../../api/connect.ts';
import type { Context } from '../../context.ts';
import { type ApiFlags, withJson, withServer } from '../../options.ts';
import { table } from '../../text/columns.ts';
import { print, printJson } from '../../text/print.ts';

/** `pilot function list`: the functions of the team. */
export function listCommand(context: Context): Command {
  const command = new Command('list').summary('show the functions that there are');
  withJson(withServer(command));
  return command.action(async (flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const list = await api.get('/api/v1/functions', FunctionList);
    if (flags.json) return printJson(context.stdout, list, 2);
    if (list.functions.length === 0)
      return print(context.stdout, 'There is no function yet: "pilot function deploy" makes one.');
    const rows = list.functions.map(({ name, version, instances, waiting, figures }) => [
      name,
      String(version),
      String(instances),
      String(waiting),
      String(figures.done),
      String(figures.failed),
      figures.meanMs === null ? '' : `${figures.meanMs.toFixed(1)} ms`,
    ]);
    const headings = ['NAME', 'VERSION', 'INSTANCES', 'WAITING', 'CALLS (24 H)', 'FAILED', 'HANDLER TAKES'];
    print(context.stdout, table(headings, rows, context.stdout.columns || 120));
  });
}
