import type { TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { useQuery } from '@tanstack/react-query';
import { sentenceOf } from '../../api/request.ts';
import { formatCount, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section className={classes.box} tabIndex={0} aria-label="Rows of the table">
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other name and stay where they are
              <tr key={at}>
                {columns.map((column, place) => (
                  <td key={column}>{row[place]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {total > rows.length && (
        <p className={classes.quiet}>
          The first {formatCount(rows.length)} of {plural(total, 'row')}; the file has all of them.
        </p>
      )}
    </>
  );
}
