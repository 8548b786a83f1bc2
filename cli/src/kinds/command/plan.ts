import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { Parameters } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import type { CommandSubmission } from '@parallel-pilot/shared/kinds/command/spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Presenter } from '../../report/presenter.ts';
import { type Making, ownFiles, type RunPlan, type SourceFiles } from '../../run/plan.ts';
import { followCommand } from './follow.ts';
import { commandPresenter } from './presenter.ts';
import type { RunRequest } from './request.ts';
import { saveResults } from './results.ts';
import type { SentFile } from './sent-files.ts';

/** Where a command is run by another kind. */
export type Elsewhere = {
  /** What it needs for that, beside the files of the command. */
  files(making: Making): Promise<SourceFiles>;
  /** What a request says of it, from the hashes of those. */
  request(blobs: readonly BlobHash[]): Record<string, unknown> & { kind: string };
  presenter: Presenter;
};

export type RunOrder = {
  words: string[];
  files: SentFile[];
  request: RunRequest;
  out: string;
  workers: number;
  name: string | null;
  /** Null for the machines of the workers themselves. */
  elsewhere: Elsewhere | null;
};

/** A command, run once for each of its parameters. */
export const runPlan = (order: RunOrder): RunPlan => {
  const { words, files, request, out, workers, name, elsewhere } = order;
  const each = request.each ?? [];
  const own = files.length + each.length;
  return {
    presenter: elsewhere?.presenter ?? commandPresenter,
    follow: followCommand,
    async files(making) {
      const mine = await ownFiles(...files.map(({ path }) => path), ...each);
      const more = await elsewhere?.files(making);
      return more === undefined ? mine : { ...more, paths: [...mine.paths, ...more.paths] };
    },
    workers,
    jobs(blobs) {
      const sent = {
        kind: 'command',
        words,
        files: files.map((file, index) => ({ ...file, blob: blobs[index] })) as CommandSubmission['files'],
        parameters:
          request.each === null ? request.parameters : filesOf(each, blobs.slice(files.length, own)),
        settings: request.settings,
        many: true,
        ...(name === null ? {} : { name }),
        ...elsewhere?.request(blobs.slice(own)),
      };
      return [{ request: sent as CreateJob }];
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
