import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { figure, figures, plural } from '../../text/units.ts';
import type { CliKind } from '../kind.ts';
import { trainCommand } from './command.ts';
import { trainPresenter } from './presenter.ts';
import { folderOf, saveModel } from './results.ts';
import { followRounds, trainingOf } from './rounds.ts';
import { saveRound } from './save-round.ts';
import { sweepCommand } from './sweep-command.ts';

export const trainingCli: CliKind = {
  does: 'trains models',
  command: trainCommand,
  verb: 'train',
  more: [sweepCommand],
  example: 'pilot train digits.py --data digits.npz',
  saves:
    'Of a training it saves the model with its figures: of one that is not finished or was canceled, that of its best round.',
  which: 'of a training: best, last, or the number of a round',
  choices: [
    { option: '--round <n>', does: 'the model of that round of a training, also while it runs' },
    { option: '--best', does: 'the best model so far, by the metric that counts' },
    { option: '--last', does: 'that of the last round so far' },
  ],
  columns: [{ title: 'PYTHON', of: (capabilities) => String(capabilities['training.python'] ?? '') }],
  presenter: trainPresenter,
  follow: followRounds,
  save(api, job, out, report, signal, which) {
    const folder = folderOf(job, out);
    const { without } = trainingOf(job);
    if (without !== null) report({ event: 'train.over', job: job.id, without });
    return which === null && job.state === 'completed'
      ? saveModel(api, job, folder, report, signal)
      : saveRound(api, job, { folder, which }, report, signal);
  },
  facts: (view) => (view.kind === 'training' ? trainingFacts(view) : []),
};

function trainingFacts(view: TrainingView): [string, string][] {
  const { settings, split, metrics, best, without, from, localData } = view;
  const params = Object.entries(settings.params).map(([name, value]) => `${name}=${value}`);
  return [
    ['Script', view.script],
    [
      'Data',
      localData !== null
        ? `${localData.name}, lent by ${localData.workers.join(', ')}`
        : view.data === null
          ? 'its own'
          : split === null
            ? view.data
            : `${view.data}, ${splitOf(split)}`,
    ],
    ...(view.test === null ? [] : [['Test', view.test] as [string, string]]),
    ...(from === null
      ? []
      : [
          ['From', from.of === null ? from.fileName : `${from.fileName} of ${from.of.job}`] as [
            string,
            string,
          ],
        ]),
    ['Round', `${roundsOf(view)}, merged by ${settings.merge}`],
    ...(without === null ? [] : [['Trained', without] as [string, string]]),
    ['Batch', `${settings.batch} over all shards`],
    ...(params.length === 0 ? [] : [['Params', params.join(', ')] as [string, string]]),
    ...(metrics === null ? [] : [['Model', figures(metrics)] as [string, string]]),
    ...(best === null
      ? []
      : [['Best', `${best.name} ${figure(best.value)} in round ${best.round}`] as [string, string]]),
  ];
}

/** One that has its result before the last round is not on its way to it. */
const roundsOf = ({ round, settings, delivered }: TrainingView): string =>
  `${round} of ${settings.rounds}${delivered !== null && round < settings.rounds ? ', stopped early' : ''}`;

function splitOf({ rows, shards, holdout, classes }: NonNullable<TrainingView['split']>): string {
  const held = holdout === 0 ? '' : `, ${holdout} held out`;
  const kinds = classes === null ? '' : `, ${classes} classes`;
  return `${rows} rows in ${plural(shards.length, 'shard')}${held}${kinds}`;
}
