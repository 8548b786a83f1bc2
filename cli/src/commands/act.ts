import { Command } from 'commander';
import type { JobAction } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import { findPipeline, namesPipeline } from '../api/find-pipeline.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { print, printJson } from '../text/print.ts';

export type ActionWords = { summary: string; description: string } & (
  | { action: 'cancel'; ofPipelines: true }
  | { action: JobAction; ofPipelines: false }
);

/** A command that asks one thing of a job, or of a pipeline where that can be asked, and says where it stands afterwards. */
export function actCommand(context: Context, words: ActionWords): Command {
  const { action, summary, description } = words;
  const { stdout } = context;
  const what = words.ofPipelines ? 'job or pipeline' : 'job';
  const command = new Command(action)
    .summary(summary)
    .description(description)
    .argument('<id>', `id of the ${what}, or enough of its beginning`);
  withJson(withServer(command));
  const ofPipeline = words.ofPipelines ? [`pilot ${action} pip_4k2m`] : [];
  withExamples(command, [`pilot ${action} 3fk2p9`, `pilot ${action} 3fk2p9 --json`, ...ofPipeline]);
  return command.action(async (text: string, flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    if (words.ofPipelines && namesPipeline(text)) {
      const pipeline = await api.actOnPipeline(await findPipeline(api, text), words.action);
      if (flags.json) return printJson(stdout, pipeline, 2);
      return print(stdout, `${pipeline.name} (${pipeline.id}) is ${pipeline.state}.`);
    }
    const id = await findJob(api, text);
    await api.act(id, action);
    const job = await api.job(id);
    if (flags.json) printJson(stdout, job, 2);
    else print(stdout, `${job.name} (${job.id}) is ${job.state}.`);
  });
}
