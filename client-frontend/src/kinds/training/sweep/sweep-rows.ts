import { judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import type { SweepView, SweptTraining } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import type { ChartLine } from '../../../components/chart-options.ts';

/** What a table of trainings is sorted by: a parameter, a metric, or how far each is. */
export type Order = { by: 'param' | 'metric' | 'round' | 'number'; name: string; down: boolean };

export type SweepRow = {
  training: SweptTraining;
  color: string;
  /** Of the metric that is shown: its best where that is what counts, else its newest. */
  value: number | null;
  /** Further metrics, newest, in the order of `others`. */
  values: (number | null)[];
  /** Its parameters that the sweep tries; `differs` from the best training's. */
  cells: { text: string; differs: boolean }[];
};

/** Parameters that are tried, metrics that there are, and the rows for them in the order in which they were planned. */
export type SweepTable = {
  params: string[];
  metrics: string[];
  /** The one that is drawn and comes first. */
  metric: string;
  others: string[];
  rows: SweepRow[];
};

export function tableOf(view: SweepView, chosen: string | null): SweepTable {
  const { trainings } = view;
  const params = Object.keys(view.sweep.parameters);
  const measured = trainings.flatMap(({ metrics }) => Object.keys(metrics ?? {}));
  const metrics = [...new Set([...(view.metric === null ? [] : [view.metric.name]), ...measured])];
  const metric = chosen !== null && metrics.includes(chosen) ? chosen : (metrics[0] ?? '');
  const others = metrics.filter((name) => name !== metric);
  const best = trainings.find(({ job }) => job === view.best);
  const rows = trainings.map((training): SweepRow => {
    const newest = (name: string) => training.metrics?.[name] ?? null;
    return {
      training,
      color: `--curve-${((training.number - 1) % 8) + 1}`,
      value: training.best?.name === metric ? training.best.value : newest(metric),
      values: others.map(newest),
      cells: params.map((name) => ({
        text: String(training.params[name] ?? '–'),
        differs: best !== undefined && training.params[name] !== best.params[name],
      })),
    };
  });
  return { params, metrics, metric, others, rows };
}

/** Whether more of a metric is better, as far as its name tells where it is not what the sweep compares by. */
export const goalOf = ({ metric }: Pick<SweepView, 'metric'>, name: string): 'max' | 'min' =>
  metric?.name === name
    ? metric.goal
    : (judgedMetric({ [name]: 0 }, { metric: name, goal: null })?.goal ?? 'max');

/** In that order; what has no value comes last, whichever way. */
export function sorted({ params, metric, others, rows }: SweepTable, order: Order): SweepRow[] {
  const keyOf = ({ training, value, values }: SweepRow): number | string | null => {
    switch (order.by) {
      case 'number':
        return training.number;
      case 'round':
        return training.round;
      case 'metric':
        return order.name === metric ? value : (values[others.indexOf(order.name)] ?? null);
      case 'param': {
        const param = params.includes(order.name) ? training.params[order.name] : undefined;
        return typeof param === 'boolean' ? Number(param) : (param ?? null);
      }
      default:
        return order.by satisfies never;
    }
  };
  const way = order.down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const less = typeof x === typeof y ? x < y : typeof x === 'number';
    return x === y ? a.training.number - b.training.number : less ? -way : way;
  });
}

/** The line of each training; `strong`: the one whose page this is, or the best. */
export const linesOf = (rows: readonly SweepRow[], metric: string, strong: string | null): ChartLine[] =>
  rows.flatMap(({ training: { job, curve }, color }) => {
    const points = curve.flatMap(({ round, metrics }) => {
      const y = metrics[metric];
      return y === undefined ? [] : [{ round, y }];
    });
    if (points.length === 0) return [];
    return [
      {
        key: job,
        color,
        strong: job === strong,
        xs: points.map(({ round }) => round),
        ys: points.map(({ y }) => y),
      },
    ];
  });
