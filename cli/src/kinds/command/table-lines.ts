import type { TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { fit, table } from '../../text/columns.ts';
import { figure } from '../../text/units.ts';
import { dotPlot } from './dot-plot.ts';

const SHOWN = 8;
const WIDTH = 78;
const PLOT = { width: 56, height: 10 };

/** A gathered table as people look at it: its first rows, and one column drawn over another. */
export function tableLines({ columns, rows, total, plot }: TableView): string[] {
  const shown = rows.slice(0, SHOWN).map((row) => row.map((cell) => fit(cell, 24)));
  const more = total - shown.length;
  return [
    ...table(
      columns.map((name) => fit(name, 24)),
      shown,
      WIDTH,
    ).map((line) => fit(line, WIDTH)),
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more rows`] : []),
    ...(plot === null || plot.points.length < 2 ? [] : ['', ...plotLines(plot)]),
  ];
}

function plotLines({ x, y, points }: NonNullable<TableView['plot']>): string[] {
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
  const [top, bottom] = [figure(Math.max(...ys)), figure(Math.min(...ys))];
  const room = Math.max(top.length, bottom.length);
  const lines = dotPlot(points, PLOT).map((line, index) => {
    const label = index === 0 ? top : index === PLOT.height - 1 ? bottom : '';
    return `${label.padStart(room)} │${line}`;
  });
  const [left, right] = [figure(Math.min(...xs)), figure(Math.max(...xs))];
  const between = ' '.repeat(Math.max(1, PLOT.width - left.length - right.length));
  return [
    fit(`${y} over ${x}`, WIDTH),
    ...lines,
    `${' '.repeat(room)} └${'─'.repeat(PLOT.width)}`,
    `${' '.repeat(room + 2)}${left}${between}${right}`,
  ];
}
