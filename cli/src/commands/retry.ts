import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import { findPipeline, namesPipeline } from '../api/find-pipeline.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';
import { print, printJson } from '../text/print.ts';

type RetryFlags = ApiFlags & { only?: string };

/** `pilot retry ID [--only NUMBER]` */
export function retryCommand(context: Context): Command {
  const command = new Command('retry')
    .summary('try what failed of a job again, or make one part of it once more')
    .description(
      'Queues the failed and canceled parts of a job again; those that are done stay. With --only, makes one part that is done once more, and the result anew: also of a completed job.\nOf a pipeline, goes on from what failed: every job of it that failed or was canceled is tried again.',
    )
    .argument('<id>', 'id of the job or pipeline, or enough of its beginning')
    .option('--only <number>', 'one part that is done, by the number that pilot job shows it with');
  withJson(withServer(command));
  withExamples(command, ['pilot retry 3fk2p9', 'pilot retry 3fk2p9 --only 12', 'pilot retry pip_4k2m']);
  return command.action(async (text: string, flags: RetryFlags) => {
    const wanted = flags.only === undefined ? null : numberOf(flags.only);
    const api = await connect(context.config, flags);
    if (namesPipeline(text)) {
      if (wanted !== null) throw new SentenceError('--only names a part of a job, and this is a pipeline.');
      const pipeline = await api.actOnPipeline(await findPipeline(api, text), 'retry');
      if (flags.json) return printJson(context.stdout, pipeline, 2);
      return print(context.stdout, `${pipeline.name} (${pipeline.id}) is ${pipeline.state}.`);
    }
    const id = await findJob(api, text);
    if (wanted === null) await api.act(id, 'retry');
    else await api.redo(id, await ordinalOf(api, id, wanted));
    const job = await api.job(id);
    if (flags.json) printJson(context.stdout, job, 2);
    else print(context.stdout, `${job.name} (${job.id}) is ${job.state}.`);
  });
}

function numberOf(text: string): number {
  if (/^[+-]?\d{1,9}$/.test(text)) return Number(text);
  throw new SentenceError(`--only ${text}: write one whole number.`);
}

/** Where a stage has no numbers of its own, its parts are counted from 1. */
async function ordinalOf(
  api: Awaited<ReturnType<typeof connect>>,
  id: JobId,
  wanted: number,
): Promise<number> {
  const { numbers, states } = await api.states(id);
  const ordinal = numbers === null ? wanted - 1 : numbers.indexOf(wanted);
  if (ordinal >= 0 && ordinal < states.length) return ordinal;
  throw new SentenceError(`The job has no part with the number ${wanted}.`);
}
