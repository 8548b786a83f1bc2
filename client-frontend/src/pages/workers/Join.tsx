import { useQuery } from '@tanstack/react-query';
import { sentenceOf } from '../../api/request.ts';
import { Copy } from '../../components/Copy.tsx';
import { Panel } from '../../components/Panel.tsx';
import { joinLineQuery } from './join-line.ts';
import classes from './Workers.module.css';

/** The lines that make another machine a worker. */
export function Join() {
  const { data, error } = useQuery(joinLineQuery());
  if (error !== null) {
    return (
      <Panel title="Add a machine">
        <p className={classes.quiet}>{sentenceOf(error)}</p>
      </Panel>
    );
  }
  if (data === undefined) return null;
  return (
    <Panel title="Add a machine">
      <p className={classes.joinText}>
        {data.lines.length === 3
          ? 'On a machine with git and Node.js, run these lines.'
          : 'On a machine with Node.js, run these lines in a copy of this project.'}{' '}
        The set-up brings what the machine lacks for the work. It is given work at once, even in the middle of
        a job.
      </p>
      <div className={classes.join}>
        <code>
          {data.lines.map((line) => (
            <span key={line}>{line}</span>
          ))}
        </code>
        <Copy text={data.lines.join('\n')} />
      </div>
      {data.token !== null && (
        <>
          <p className={classes.joinText}>The last one asks for this token:</p>
          <div className={classes.join}>
            <code>{data.token}</code>
            <Copy text={data.token} />
          </div>
        </>
      )}
      {!data.reachable && (
        <p className={classes.unreachable}>
          This farm listens on its own machine alone, so others cannot reach it yet. Start it with{' '}
          <code>--host 0.0.0.0</code>, or with this machine’s address in your network; the site then asks for
          the owner’s key, which is shown at that first start.
        </p>
      )}
      <p className={classes.quiet}>
        The token lets machines join. Share it only with people you trust. Where nobody can be asked,{' '}
        <code>--token-file FILE</code> reads it from a file.
      </p>
    </Panel>
  );
}
