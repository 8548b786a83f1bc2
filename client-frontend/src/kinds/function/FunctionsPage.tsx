import type { FunctionSummary } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { sentenceOf } from '../../api/request.ts';
import { Empty } from '../../components/Empty.tsx';
import { formatCount, plural } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import classes from './Function.module.css';
import { functionsQuery } from './queries.ts';

/** The functions of the team: /functions. */
export function FunctionsPage() {
  const { data, error } = useQuery(functionsQuery);
  if (error !== null && data === undefined) return <p role="alert">{sentenceOf(error)}</p>;
  if (data === undefined) return null;
  if (data.functions.length === 0)
    return (
      <Empty
        page
        title="No function yet"
        text="A function is a handler in Python or JavaScript that is called over HTTP. Deploy one: pilot function deploy hello handler.py"
      />
    );
  return (
    <>
      <PageHead title="Functions" sub={plural(data.functions.length, 'function')} />
      <Panel title="All functions" aside="calls of the last 24 hours">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
        <section className={classes.box} tabIndex={0} aria-label="Table of functions">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Version</th>
                <th scope="col">Instances</th>
                <th scope="col">Waiting</th>
                <th scope="col">Calls</th>
                <th scope="col">Failed</th>
                <th scope="col">Handler takes</th>
              </tr>
            </thead>
            <tbody>
              {data.functions.map((one) => (
                <Row key={one.id} one={one} />
              ))}
            </tbody>
          </table>
        </section>
      </Panel>
    </>
  );
}

function Row({ one: { name, version, instances, waiting, figures } }: { one: FunctionSummary }) {
  return (
    <tr>
      <th scope="row">
        <Link to={`/functions/${name}`}>{name}</Link>
      </th>
      <td>{version}</td>
      <td>{instances}</td>
      <td>{formatCount(waiting)}</td>
      <td>{formatCount(figures.done + figures.failed)}</td>
      <td>{formatCount(figures.failed)}</td>
      <td>{figures.meanMs === null ? '' : `${figures.meanMs.toFixed(1)} ms`}</td>
    </tr>
  );
}
