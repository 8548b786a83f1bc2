import { JOB_STATUSES } from '@parallel-pilot/shared/model/job.ts';
import { Command, Option } from 'commander';
import type { ListQuery } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { jobTable } from '../report/job-lines.ts';
import { print, printJson } from '../text/print.ts';

type Flags = ApiFlags & { state?: NonNullable<ListQuery['state']>; limit: number };

/** `pilot jobs`: the newest jobs, as a table or as JSON. */
export function jobsCommand(context: Context): Command {
  const command = new Command('jobs')
    .summary('list jobs, newest first')
    .description('Lists the jobs of a farm, newest first.')
    .addOption(
      new Option('--state <state>', 'only jobs in this state').choices(['active', 'over', ...JOB_STATUSES]),
    )
    .option('--limit <n>', 'at most so many', wholeNumber(1, 200), 20);
  withJson(withServer(command));
  withExamples(command, ['pilot jobs', 'pilot jobs --state active', 'pilot jobs --state failed --json']);
  return command.action(async (flags: Flags) => {
    const api = await connect(context.config, flags);
    const { state, limit } = flags;
    const list = await api.jobs({ limit, ...(state === undefined ? {} : { state }) });
    if (flags.json) return printJson(context.stdout, list, 2);
    print(context.stdout, jobTable(list, Date.now(), context.stdout.columns || 120));
  });
}
