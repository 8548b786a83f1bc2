import { Command } from 'commander';
import type { JobAction } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { print, printJson } from '../text/print.ts';

export type ActionWords = { action: JobAction; summary: string; description: string };

/** A command that asks one thing of a job and says where the job stands afterwards. */
export function actCommand(context: Context, { action, summary, description }: ActionWords): Command {
  const command = new Command(action)
    .summary(summary)
    .description(description)
    .argument('<id>', 'id of the job, or enough of its beginning');
  withJson(withServer(command));
  withExamples(command, [`pilot ${action} 3fk2p9`, `pilot ${action} 3fk2p9 --json`]);
  return command.action(async (text: string, flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const id = await findJob(api, text);
    await api.act(id, action);
    const job = await api.job(id);
    if (flags.json) printJson(context.stdout, job, 2);
    else print(context.stdout, `${job.name} (${job.id}) is ${job.state}.`);
  });
}
