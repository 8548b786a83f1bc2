import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { privacyInWords } from '@parallel-pilot/shared/kinds/training/privacy.ts';
import { batchPerShard, fewestWorkers, mergeOf } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { Facts } from '../../components/Facts.tsx';
import { formatCount, formatDuration, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { trainingOf } from './training-job.ts';

/** What is trained, on what, and how. */
export function Summary({ job }: { job: JobDetail }) {
  const facts = factsOf(trainingOf(job));
  return (
    <Panel title="Settings">
      <Facts facts={facts} />
    </Panel>
  );
}

type Fact = [string, string] | null;

function factsOf({
  script,
  data,
  localData,
  test,
  from,
  settings: s,
  split,
}: TrainingView): [string, string][] {
  const params = Object.entries(s.params);
  const privacy = privacyInWords(s, s.rounds);
  const facts: Fact[] = [
    ['Script', script],
    [
      'Data',
      localData !== null
        ? `"${localData.name}", lent by ${localData.workers.join(', ')}`
        : data === null
          ? 'made by the script'
          : split === null
            ? data
            : `${data}, ${plural(split.rows, 'row')}${classesOf(split.classes)}`,
    ],
    from === null
      ? null
      : ['Started from', from.of === null ? from.fileName : `${from.fileName} of ${from.of.job}`],
    ...(s.mode === 'ddp' ? together(s) : inRounds(s, split)),
    s.trim > 0 ? ['Left out', `${percent(s.trim)} at either end of every weight`] : null,
    s.clip === null
      ? null
      : ['Clipped', `updates of a norm over ${s.clip}${s.noise > 0 ? `, noise ${s.noise} times that` : ''}`],
    s.secure ? ['Updates', 'under masks: the farm sees their sum alone'] : null,
    privacy === null ? null : ['Privacy of a shard', `${privacy}, after ${plural(s.rounds, 'round')}`],
    localData === null
      ? data === null
        ? null
        : measuredOn(test, s.holdout, split)
      : ['Measured on', test ?? 'the data of each shard, at the end'],
    s.deadlineSeconds === null
      ? null
      : ['Deadline', `${formatDuration(s.deadlineSeconds * 1_000)}, then ${percent(s.quorum)} are enough`],
    s.patience === null ? null : ['Patience', plural(s.patience, 'round')],
    s.metric === null ? null : ['Metric that counts', s.metric],
    s.weighting === 'speed' ? ['Sizes of the shards', 'by speed of the workers'] : null,
    s.label === null ? null : ['Label', s.label],
    s.split === 'blocks' ? ['Order of the rows', 'kept, in blocks'] : null,
    s.group === null ? null : ['Kept together', `rows of one ${s.group}`],
    ['Seed', String(s.seed)],
    params.length === 0
      ? null
      : ['Parameters', params.map(([name, value]) => `${name} = ${value}`).join(', ')],
  ];
  return facts.filter((fact) => fact !== null);
}

const together = (s: TrainingView['settings']): Fact[] => [
  ['Mode', `DDP, ${formatCount(fewestWorkers(s))} to ${plural(s.workers, 'worker')} at once`],
  ['Batch', formatCount(s.batch)],
];

function inRounds(s: TrainingView['settings'], split: TrainingView['split']): Fact[] {
  const merge = mergeOf(s);
  return [
    ['Shards', split === null ? formatCount(s.shards) : shardsOf(split.shards)],
    [
      'Rounds',
      s.mode === 'diloco'
        ? `${formatCount(s.rounds)} of ${plural(s.innerSteps, 'step')} (DiLoCo)`
        : formatCount(s.rounds),
    ],
    ['Batch', `${formatCount(s.batch)}, ${formatCount(batchPerShard(s))} on each shard`],
    [
      'Merge',
      merge.merge === 'average'
        ? 'average'
        : `outer step, learning rate ${merge.outerLr}, momentum ${merge.outerMomentum}`,
    ],
    s.compress === 'none' ? null : ['Updates are sent', sentAs(s)],
  ];
}

const sentAs = ({ compress, sparsify }: TrainingView['settings']): string =>
  sparsify === null
    ? `as ${compress}`
    : `as ${compress}, the largest ${Math.round(sparsify * 10_000) / 100} % of the differences`;

function measuredOn(test: string | null, holdout: number, split: TrainingView['split']): [string, string] {
  const rows = split === null ? null : plural(split.holdout, 'row');
  if (test !== null) return ['Measured on', [test, rows].filter((part) => part !== null).join(', ')];
  return ['Held out', rows === null ? percent(holdout) : `${rows} (${percent(holdout)})`];
}

const percent = (share: number) => `${Math.round(share * 1_000) / 10} %`;

const classesOf = (classes: number | null): string =>
  classes === null ? '' : ` of ${plural(classes, 'class', 'classes')}`;

function shardsOf(rows: readonly number[]): string {
  const least = rows.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = rows.reduce((a, b) => Math.max(a, b), 0);
  const each = least === most ? formatCount(most) : `${formatCount(least)} to ${formatCount(most)}`;
  return `${formatCount(rows.length)}, ${each} rows each`;
}
