import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findPipeline } from '../api/find-pipeline.ts';
import type { Context } from '../context.ts';
import { followPipeline } from '../follow/follow-pipeline.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { pipelineLines } from '../report/pipeline-lines.ts';
import { print, printJson } from '../text/print.ts';

type Flags = ApiFlags & { follow?: boolean; source?: boolean };

/** `pilot pipeline ID`: its jobs and their states, or with `--follow` what each comes to until all are over. */
export function pipelineCommand(context: Context, exit: (code: number) => void): Command {
  const { stdout } = context;
  const command = new Command('pipeline')
    .summary('show one pipeline')
    .description(
      'Shows the jobs of a pipeline, and how each stands. "pilot cancel", "retry" and "delete" take its id too.',
    )
    .argument('<id>', 'id of the pipeline, or enough of its beginning')
    .option('-f, --follow', 'say what each job comes to, until all are over')
    .option('--source', 'print the file that it was made of');
  withJson(withServer(command));
  withExamples(command, [
    'pilot pipeline pip_4k2m',
    'pilot pipeline pip_4k2m --follow',
    'pilot pipeline pip_4k2m --source > again.yaml',
    'pilot retry pip_4k2m',
  ]);
  return command.action(async (text: string, flags: Flags) => {
    const api = await connect(context.config, flags);
    const id = await findPipeline(api, text);
    if (flags.follow) {
      const state = await followPipeline(api, id, flags.json ? () => {} : (line) => print(stdout, line));
      exit(state === 'completed' ? 0 : 1);
    }
    const pipeline = await api.pipeline(id);
    if (flags.json) return printJson(stdout, pipeline, 2);
    if (flags.source) return void stdout.write(pipeline.source?.text ?? '');
    if (!flags.follow) print(stdout, pipelineLines(pipeline, Date.now(), stdout.columns || 120));
  });
}
