import type { TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { useQuery } from '@tanstack/react-query';
import { sentenceOf } from '../../api/request.ts';
import { formatCount, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { PlainTable } from '../../job/PlainTable.tsx';
import classes from './Command.module.css';
import { tableQuery } from './queries.ts';
import { ScatterPlot } from './ScatterPlot.tsx';

/** The table that all runs make together: one column over another, and its first rows. */
export function GatheredTable({ url }: { url: string }) {
  const { data, error } = useQuery(tableQuery(url));
  return (
    <Panel title="Table" aside={data !== undefined && plural(data.total, 'row')}>
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      {data !== undefined && <Shown table={data} />}
    </Panel>
  );
}

function Shown({ table: { columns, rows, total, plot } }: { table: TableView }) {
  return (
    <>
      {plot !== null && (
        <figure className={classes.plot}>
          <ScatterPlot points={plot.points} told={`${plot.y} over ${plot.x}`} />
          <figcaption>
            {plot.y} over {plot.x}
          </figcaption>
        </figure>
      )}
      <PlainTable rows={[columns, ...rows]} />
      {total > rows.length && (
        <p className={classes.quiet}>
          The first {formatCount(rows.length)} of {plural(total, 'row')}; the file has all of them.
        </p>
      )}
    </>
  );
}
