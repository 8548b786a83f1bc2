import classes from './PlainTable.module.css';

/** The rows of a file as they stand in it, the first of which names the columns. */
export function PlainTable({ rows: [head = [], ...body] }: { rows: readonly string[][] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section className={classes.box} tabIndex={0} aria-label="Rows of the table">
      <table>
        <thead>
          <tr>
            {head.map((name, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns of a file may have one name, and stay where they are
              <th key={place} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as rows do
            <tr key={at}>
              {row.map((value, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as columns do
                <td key={place}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
