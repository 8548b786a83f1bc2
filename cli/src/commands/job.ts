import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import type { Context } from '../context.ts';
import { cliKindOf } from '../kinds/registry.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { jobLines } from '../report/job-lines.ts';
import { openReporter } from '../report/open.ts';
import { readBy, withBy } from '../run/by.ts';
import { takeInterrupts } from '../run/interrupts.ts';
import { print, printJson } from '../text/print.ts';

type Flags = ApiFlags & { follow?: boolean; by?: string };

/** `pilot job ID`: one job in full, or with `--follow` its bars until it is over. */
export function jobCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('job')
    .summary('show one job')
    .description('Shows a job: state, settings, who works on it, notes.')
    .argument('<id>', 'id of the job, or enough of its beginning')
    .option('-f, --follow', 'show its progress until it is over');
  withBy(command, 'have it done by then, such as "tomorrow 08:00"; "none" for no matter when');
  withJson(withServer(command));
  withExamples(command, [
    'pilot job 3fk2p9',
    'pilot job 3fk2p9 --follow',
    'pilot job 3fk2p9 --by "fri 18:00"',
    'pilot job 3fk2p9 --json',
  ]);
  return command.action(async (text: string, flags: Flags) => {
    const api = await connect(context.config, flags);
    const id = await findJob(api, text);
    if (flags.by !== undefined)
      await api.setDeadline(id, flags.by.trim() === 'none' ? null : await readBy(flags.by, Date.now()));
    if (flags.follow) return exit(await follow(context, flags, api, id));
    const job = await api.job(id);
    if (flags.json) printJson(context.stdout, job, 2);
    else print(context.stdout, jobLines(job, Date.now()));
  });
}

async function follow(
  context: Context,
  flags: Flags,
  api: Awaited<ReturnType<typeof connect>>,
  id: Awaited<ReturnType<typeof findJob>>,
): Promise<number> {
  const kind = cliKindOf((await api.job(id)).view);
  const interrupts = takeInterrupts();
  const reporter = openReporter(context, kind.presenter, flags.json ?? false);
  try {
    const job = await kind.follow(api, id, {
      report: (event) => reporter.report(event),
      signal: interrupts.first,
      underWay: true,
    });
    reporter.close();
    if (job === null || job.state === 'completed') return 0;
    print(context.stderr, job.problem?.message ?? `The job was ${job.state}.`);
    return 1;
  } finally {
    reporter.close();
    interrupts.release();
  }
}
