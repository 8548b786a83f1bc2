import type { ShownTable as Table } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { sentenceOf } from '../../../api/request.ts';
import { formatMeasured } from '../../../components/format.ts';
import { type ShownAt, tableQuery } from './queries.ts';
import classes from './Shown.module.css';

/** A table; with `shade` the cells by their share of their row, as a confusion matrix is read. */
export function ShownTable({ at, shade }: { at: ShownAt; shade: boolean }) {
  const { data, error } = useQuery({ ...tableQuery(at), placeholderData: keepPreviousData });
  if (data === undefined)
    return <p className={classes.quiet}>{error === null ? 'Loading' : sentenceOf(error)}</p>;
  return (
    <>
      <section
        className={classes.table}
        data-shade={shade || undefined}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        tabIndex={0}
        aria-label={at.what.name}
      >
        <table>
          <thead>
            <tr>
              {data.names !== null && (shade ? <td>true</td> : <td />)}
              {data.columns.map((column, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns may be called the same
                <th key={place} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows stay where they are, and may have no name
              <tr key={place}>
                {data.names !== null && <th scope="row">{data.names[place]}</th>}
                <Cells row={row} shade={shade} />
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {shade && (
        <p className={classes.quiet}>A row for each true class, a column for what it was taken for.</p>
      )}
    </>
  );
}

type Cell = Table['rows'][number][number];

function Cells({ row, shade }: { row: readonly Cell[]; shade: boolean }) {
  const total = row.reduce<number>((sum, cell) => sum + (typeof cell === 'number' ? cell : 0), 0);
  return row.map((cell, place) => (
    <td
      // biome-ignore lint/suspicious/noArrayIndexKey: as with columns
      key={place}
      data-nothing={(shade && cell === 0) || undefined}
      style={shade && typeof cell === 'number' ? { background: tint(cell / total) } : undefined}
    >
      {inWords(cell)}
    </td>
  ));
}

const tint = (share: number): string =>
  `color-mix(in srgb, var(--brand) ${Math.round(Math.min(1, share || 0) * 45)}%, transparent)`;

const inWords = (cell: Cell): string =>
  typeof cell === 'number' ? formatMeasured(cell) : cell === null ? '–' : String(cell);
