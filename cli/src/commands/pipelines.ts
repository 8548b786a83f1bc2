import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { pipelineTable } from '../report/pipeline-lines.ts';
import { print, printJson } from '../text/print.ts';

/** `pilot pipelines`: the newest, as a table or as JSON. */
export function pipelinesCommand(context: Context): Command {
  const command = new Command('pipelines')
    .summary('list pipelines, newest first')
    .description('Lists the pipelines of a farm, newest first: jobs that were handed over by "pilot submit".')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 200), 20);
  withJson(withServer(command));
  withExamples(command, ['pilot pipelines', 'pilot pipelines --json']);
  return command.action(async (flags: ApiFlags & { limit: number }) => {
    const api = await connect(context.config, flags);
    const list = await api.pipelines({ limit: flags.limit });
    if (flags.json) return printJson(context.stdout, list, 2);
    print(context.stdout, pipelineTable(list.pipelines, Date.now(), context.stdout.columns || 120));
  });
}
