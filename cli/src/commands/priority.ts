import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import type { Context } from '../context.ts';
import { priority } from '../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { print, printJson } from '../text/print.ts';

/** `pilot priority ID N` */
export function priorityCommand(context: Context): Command {
  const command = new Command('priority')
    .summary('put a job before or behind others')
    .description('Gives a job another priority. Work of jobs with a larger one is handed out first.')
    .argument('<id>', 'id of the job, or enough of its beginning')
    .argument(
      '<n>',
      '-100 to 100; jobs have 0 unless somebody says otherwise, and 100 takes back what runs for it',
      priority,
    );
  withJson(withServer(command));
  withExamples(command, ['pilot priority 3fk2p9 50', 'pilot priority 3fk2p9 -- -10']);
  return command.action(async (text: string, wanted: number, flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const id = await findJob(api, text);
    await api.prioritize(id, wanted);
    const job = await api.job(id);
    if (flags.json) printJson(context.stdout, job, 2);
    else print(context.stdout, `${job.name} (${job.id}) has priority ${job.priority}.`);
  });
}
