import { createInterface } from 'node:readline/promises';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { printable } from '@parallel-pilot/shared/model/printable.ts';
import { Command } from 'commander';
import type { Api } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import { findPipeline, namesPipeline } from '../api/find-pipeline.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';
import { print, printJson } from '../text/print.ts';
import { plural } from '../text/units.ts';

type Flags = ApiFlags & { yes?: boolean };

/** `pilot delete ID`: asks first, or wants `--yes` where nobody can be asked. */
export function deleteCommand(context: Context): Command {
  const command = new Command('delete')
    .summary('delete a job or a pipeline, and the files')
    .description(
      'Deletes a job for good: what it came to, and the uploaded files that no other job uses.\n' +
        'What was saved on this machine stays. A job that is not over is canceled first. Of a pipeline, all jobs are deleted.',
    )
    .argument('<id>', 'id of the job or pipeline, or enough of its beginning')
    .option('-y, --yes', 'do not ask');
  withJson(withServer(command));
  withExamples(command, ['pilot delete 3fk2p9', 'pilot delete 3fk2p9 --yes', 'pilot delete pip_4k2m']);
  return command.action(async (text: string, flags: Flags) => {
    const api = await connect(context.config, flags);
    const { id, what, going, remove } = namesPipeline(text)
      ? await pipelineAt(api, text)
      : await jobAt(api, text);
    const question = `Delete ${what}${going} and its files for good? [y/N] `;
    if (!flags.yes && !(await agrees(context, question))) {
      throw new SentenceError(`${what} is still there. --yes deletes it without asking.`);
    }
    await remove();
    if (flags.json) printJson(context.stdout, { deleted: id });
    else print(context.stdout, `${what} is deleted.`);
  });
}

async function jobAt(api: Api, text: string) {
  const id = await findJob(api, text);
  const { name, state } = await api.job(id);
  const going = isOver(state) ? '' : `, which is ${state},`;
  return { id, what: printable(`${name} (${id})`), going, remove: () => api.delete(id) };
}

async function pipelineAt(api: Api, text: string) {
  const id = await findPipeline(api, text);
  const { name, state, total } = await api.pipeline(id);
  const going = `, its ${plural(total, 'job')}${state === 'active' ? ', some of which are not over,' : ''}`;
  return { id, what: printable(`${name} (${id})`), going, remove: () => api.deletePipeline(id) };
}

async function agrees({ stdout }: Context, question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !stdout.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}
