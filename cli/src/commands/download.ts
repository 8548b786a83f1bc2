import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import type { Context } from '../context.ts';
import { CLI_KINDS, cliKindOf } from '../kinds/registry.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { openReporter } from '../report/open.ts';
import { takeInterrupts } from '../run/interrupts.ts';
import { checkOutFolder } from '../run/local-folder.ts';
import { SentenceError } from '../sentence-error.ts';

type Flags = ApiFlags & { out: string; which?: string } & Record<string, unknown>;

/** `pilot download ID`: what the job has so far; exit code 0 only when it is everything. */
export function downloadCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('download')
    .summary('save what a job came to')
    .description(
      `Saves what a job came to.\n${CLI_KINDS.map((kind) => kind.saves).join('\n')}\n` +
        'Files that are there already with the same content are not fetched again.',
    )
    .argument('<id>', 'id of the job, or enough of its beginning')
    .option('-o, --out <dir>', 'where to save', 'out')
    .option('--which <result>', CLI_KINDS.flatMap((kind) => kind.which ?? []).join('; '));
  const choices = CLI_KINDS.flatMap((kind) => kind.choices ?? []);
  for (const { option, does } of choices) command.option(option, does);
  withJson(withServer(command));
  withExamples(command, ['pilot download 3fk2p9', 'pilot download 3fk2p9 --out ~/results']);
  return command.action(async (text: string, flags: Flags) => exit(await run(context, text, flags)));
}

/** Which result the options name; null for none. */
function chosenOf(flags: Flags): string | null {
  const names = CLI_KINDS.flatMap((kind) => kind.choices ?? []).map(
    ({ option }) => /^--(\w+)/.exec(option)?.[1] ?? '',
  );
  const chosen = ['which', ...names].flatMap((name) => {
    const value = flags[name];
    return typeof value === 'string' ? [value] : value === true ? [name] : [];
  });
  if (chosen.length > 1) throw new SentenceError(`Say one result: ${chosen.join(', ')} were named.`);
  return chosen[0] ?? null;
}

async function run(context: Context, text: string, flags: Flags): Promise<number> {
  const which = chosenOf(flags);
  await checkOutFolder(flags.out);
  const api = await connect(context.config, flags);
  const job = await api.job(await findJob(api, text));
  const kind = cliKindOf(job.view);
  const interrupts = takeInterrupts();
  const reporter = openReporter(context, kind.presenter, flags.json ?? false);
  try {
    const saved = await kind.save(
      api,
      job,
      flags.out,
      (event) => reporter.report(event),
      interrupts.first,
      which,
    );
    if (saved.missing === null) return 0;
    const hint = isOver(job.state) ? '' : ` The job is still ${job.state}.`;
    throw new SentenceError(`${saved.missing}${hint}`);
  } catch (error) {
    if (interrupts.first.aborted) return 130;
    if (error instanceof SentenceError) reporter.report({ event: 'error', message: error.message });
    throw error;
  } finally {
    reporter.close();
    interrupts.release();
  }
}
