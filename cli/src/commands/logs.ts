import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { logLines } from '../report/job-lines.ts';
import { print, printJson } from '../text/print.ts';

/** `pilot logs ID`: the notes of a job and the last lines of what failed of it. */
export function logsCommand(context: Context): Command {
  const command = new Command('logs')
    .summary('show what a job said and why parts of it failed')
    .description('Shows the notes of a job and the last lines of every part that failed.')
    .argument('<id>', 'id of the job, or enough of its beginning');
  withJson(withServer(command));
  withExamples(command, ['pilot logs 3fk2p9', 'pilot logs 3fk2p9 --json']);
  return command.action(async (text: string, flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const log = await api.log(await findJob(api, text));
    if (flags.json) printJson(context.stdout, log, 2);
    else print(context.stdout, logLines(log));
  });
}
