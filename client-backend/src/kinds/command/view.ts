import { GATHER, RUNS } from '@parallel-pilot/shared/kinds/command/kind.ts';
import { countRuns, namesOf } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { RunsSpec } from '@parallel-pilot/shared/kinds/command/spec.ts';
import { RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import type { CommandView, RunsView } from '@parallel-pilot/shared/kinds/command/view.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';

/** What the job page shows of a command. */
export const viewCommand = async (parts: Parts, job: JobRow, stage: StageRow): Promise<CommandView> => ({
  kind: 'command',
  ...(await viewRuns(parts, job, stage)),
});

/** The same of every kind that runs commands; `stage` may also be one before its runs. */
export async function viewRuns({ db }: Parts, job: JobRow, stage: StageRow): Promise<RunsView> {
  const { words, files, parameters, settings } = RunsSpec.parse(JSON.parse(job.spec_json));
  const total = countRuns(parameters);
  return {
    words,
    files: files.length,
    parameters: namesOf(parameters),
    settings,
    runs:
      stage.name === RUNS || stage.name === GATHER
        ? await runsOf(db, job, stage)
        : { total, stage: total, done: 0, failed: 0 },
  };
}

async function runsOf(db: Parts['db'], job: JobRow, stage: StageRow): Promise<CommandView['runs']> {
  const { total, runs, bundle } = RunsStage.parse(JSON.parse(stage.spec_json));
  if (job.state === 'completed' || stage.name === GATHER)
    return { total, stage: runs, done: total, failed: 0 };
  const counts = (await countChunks(db, [stage.id])).get(stage.id) ?? {};
  const done = Math.min(runs, (counts.done ?? 0) * bundle);
  return { total, stage: runs, done: total - runs + done, failed: counts.failed ?? 0 };
}
