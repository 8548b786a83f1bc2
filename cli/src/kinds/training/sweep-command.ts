import type { SweepView } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { Command } from 'commander';
import type { Api } from '../../api/client.ts';
import { connect } from '../../api/connect.ts';
import { findJob } from '../../api/find-job.ts';
import { ApiError } from '../../api/request.ts';
import type { Context } from '../../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../../options.ts';
import { print, printJson } from '../../text/print.ts';
import { plural } from '../../text/units.ts';
import { compare, fetchSweep, sweepOf } from './sweep.ts';
import { trainingTable } from './sweep-presenter.ts';

type Flags = ApiFlags & { cancel?: boolean };

/** `pilot sweep ID`: the trainings of a sweep side by side. */
export function sweepCommand(context: Context): Command {
  const command = new Command('sweep')
    .summary('show the trainings of a sweep side by side')
    .description('Shows what each training of a sweep came to, the best first, and why some were stopped.')
    .argument('<id>', 'id of the sweep, or of one of its trainings')
    .option('--cancel', 'end all of its trainings that are not over');
  withJson(withServer(command));
  withExamples(command, ['pilot sweep 3fk2p9', 'pilot sweep 3fk2p9 --cancel', 'pilot sweep 3fk2p9 --json']);
  return command.action(async (text: string, flags: Flags) => {
    const api = await connect(context.config, flags);
    const found = await findSweep(api, text);
    if (flags.cancel) await api.post(`/api/v1/sweeps/${encodeURIComponent(found.id)}/cancel`);
    const view = flags.cancel ? await fetchSweep(api, found.id) : found;
    if (flags.json) printJson(context.stdout, view, 2);
    else print(context.stdout, sweepLines(view, context.stdout.columns || 120));
  });
}

async function findSweep(api: Api, text: string): Promise<SweepView> {
  if (!text.startsWith('job_') && /^[\w-]{16,64}$/.test(text)) {
    try {
      return await fetchSweep(api, text);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }
  return sweepOf(api, await findJob(api, text));
}

export function sweepLines(view: SweepView, width: number): string[] {
  const { metric, jobs } = compare(view, []);
  const stopped = view.trainings.flatMap(({ because }) => (because?.code === 'stopped' ? [because] : []));
  const best = view.trainings.find(({ job }) => job === view.best);
  const under = view.trainings.filter(({ state }) => state === 'running' || state === 'queued').length;
  return [
    `${view.name}: ${view.sweep.mode}, ${plural(view.trainings.length, 'training')}, ${view.state}`,
    ...(view.problem === null ? [] : ['', view.problem]),
    '',
    ...trainingTable(jobs, metric, width),
    '',
    ...(under === 0 ? [] : [`${plural(under, 'training')} under way.`]),
    ...(stopped.length === 0 ? [] : [`${stopped.length} stopped. The last: ${stopped.at(-1)?.sentence}`]),
    ...(best === undefined ? [] : [`Best: pilot download ${best.job} --best`]),
  ];
}
