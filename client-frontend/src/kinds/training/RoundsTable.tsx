import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { RoundList, TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQueries } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { formatBytes, formatCount, formatDuration, formatMeasured, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { shownNames } from './curve-points.ts';
import { modelUrl } from './model-url.ts';
import { ROUNDS_PAGE, roundsQuery } from './queries.ts';
import classes from './Training.module.css';
import { trainingOf } from './training-job.ts';

type Round = RoundList['rounds'][number];

const ROW = 38;
/** Columns for metrics; a script may report up to 16. */
const MOST_METRICS = 5;

/** Every round, newest on top. Only rows near the view are in the document, and only their pages are asked for. */
export function RoundsTable({ job }: { job: JobDetail }) {
  const view = trainingOf(job);
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: view.round,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const shown = rows.getVirtualItems();
  const roundOf = (index: number) => view.round - index;
  const pages = [...new Set(shown.map(({ index }) => Math.floor((roundOf(index) - 1) / ROUNDS_PAGE)))];
  const answers = useQueries({ queries: pages.map((page) => roundsQuery(job.id, page)) });
  const known = new Map(
    answers.flatMap(({ data }) => data?.rounds.map((one) => [one.round, one] as const) ?? []),
  );
  const error = answers.find((answer) => answer.error !== null && answer.data === undefined)?.error;
  const metrics = columnsOf(view, [...known.values()]);
  const end = rows.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <Panel title="Rounds" aside={view.round > 0 && plural(view.round, 'round')}>
      {view.round === 0 && <p className={classes.quiet}>They are listed here, from the first on.</p>}
      {error !== undefined && error !== null && <p role="alert">{sentenceOf(error)}</p>}
      {view.round > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <section ref={box} className={classes.rounds} tabIndex={0} aria-label="Table of rounds">
          <table aria-rowcount={view.round + 1}>
            <thead>
              <tr>
                <th scope="col">Round</th>
                {metrics.names.map((name) => (
                  <th key={name} scope="col">
                    {name}
                    {metrics.ofShards && <small> of shards</small>}
                  </th>
                ))}
                <th scope="col">Shards in</th>
                <th scope="col" title="By all shards together, with what they keep from round to round">
                  Sent
                </th>
                <th scope="col">Received</th>
                <th scope="col">Time</th>
              </tr>
            </thead>
            <tbody>
              <Gap height={shown[0]?.start ?? 0} />
              {shown.map(({ index }) => {
                const round = roundOf(index);
                const found = known.get(round);
                return (
                  <Row
                    key={round}
                    job={job.id}
                    index={index}
                    number={round}
                    round={found}
                    metrics={metrics}
                    best={view.best?.round === round}
                    over={isOver(job.state)}
                  />
                );
              })}
              <Gap height={end} />
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}

type Columns = { names: string[]; ofShards: boolean };
type RowProps = {
  job: string;
  index: number;
  number: number;
  round: Round | undefined;
  metrics: Columns;
  best: boolean;
  over: boolean;
};

function Row({ job, index, number, round, metrics, best, over }: RowProps) {
  const values = (metrics.ofShards ? round?.shardMetrics : round?.metrics) ?? {};
  return (
    <tr style={{ height: ROW }} aria-rowindex={index + 2} data-best={best || undefined}>
      <th scope="row">
        {round?.model == null ? (
          formatCount(number)
        ) : (
          <a href={modelUrl(job, number)} title={`Download the model of round ${formatCount(number)}`}>
            {formatCount(number)}
          </a>
        )}
        {best && <em>best</em>}
      </th>
      {metrics.names.map((name) => (
        <td key={name}>{values[name] === undefined ? '–' : formatMeasured(values[name])}</td>
      ))}
      <td>{round === undefined ? '' : `${round.shardsDone} of ${round.shards}`}</td>
      <td>
        {round?.bytes == null ? '–' : formatBytes(round.bytes.sent)}
        {round?.bytes != null && round.bytes.early > 0 && `, ${formatBytes(round.bytes.early)} of it early`}
      </td>
      <td>{round?.bytes == null ? '–' : formatBytes(round.bytes.received)}</td>
      <td>{round === undefined ? '' : timeOf(round, over)}</td>
    </tr>
  );
}

const timeOf = ({ state, seconds }: Round, over: boolean): string => {
  if (seconds !== null) return formatDuration(seconds * 1_000);
  if (over) return 'not finished';
  return state === 'merging' ? 'merging' : 'training';
};

const Gap = ({ height }: { height: number }) => (height > 0 ? <tr aria-hidden style={{ height }} /> : null);

/** The merged model's metrics; where nothing is held out to measure it on, those of the shards. */
function columnsOf({ split, metrics }: TrainingView, rounds: readonly Round[]): Columns {
  const ofShards = split?.holdout === 0;
  const seen = rounds.flatMap((round) => Object.keys((ofShards ? round.shardMetrics : round.metrics) ?? {}));
  const names = shownNames([...new Set([...(ofShards ? [] : Object.keys(metrics ?? {})), ...seen])]);
  return { names: names.slice(0, MOST_METRICS), ofShards };
}
