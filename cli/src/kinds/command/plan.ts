import type { Parameters } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import type { CommandSubmission } from '@parallel-pilot/shared/kinds/command/spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { ownFiles, type RunPlan } from '../../run/plan.ts';
import { followCommand } from './follow.ts';
import { commandPresenter } from './presenter.ts';
import type { RunRequest } from './request.ts';
import { saveResults } from './results.ts';
import type { SentFile } from './sent-files.ts';

export type RunOrder = {
  words: string[];
  files: SentFile[];
  request: RunRequest;
  out: string;
  workers: number;
  name: string | null;
};

/** A command, run once for each of its parameters. */
export const runPlan = ({ words, files, request, out, workers, name }: RunOrder): RunPlan => {
  const each = request.each ?? [];
  return {
    presenter: commandPresenter,
    follow: followCommand,
    files: () => ownFiles(...files.map(({ path }) => path), ...each),
    workers,
    jobs(blobs) {
      const sent = {
        kind: 'command',
        words,
        files: files.map((file, index) => ({ ...file, blob: blobs[index] })) as CommandSubmission['files'],
        parameters: request.each === null ? request.parameters : filesOf(each, blobs.slice(files.length)),
        settings: request.settings,
        many: true,
        ...(name === null ? {} : { name }),
      } as const;
      return [{ request: sent }];
    },
    async save({ api, job, report, signal }) {
      const { missing, folder } = await saveResults(api, job, out, report, signal);
      if (missing !== null) return { missing };
      const { runs } = request;
      return { missing, done: (seconds) => ({ event: 'run.done', job: job.id, seconds, runs, folder }) };
    },
  };
};

const filesOf = (paths: readonly string[], blobs: readonly BlobHash[]): Parameters => ({
  from: 'files',
  files: paths.map((path, index) => ({ path, blob: blobs[index] })) as Extract<
    Parameters,
    { from: 'files' }
  >['files'],
});
