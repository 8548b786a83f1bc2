import { useQuery } from '@tanstack/react-query';
import { Copy } from '../../components/Copy.tsx';
import { Refused } from '../people/Refused.tsx';
import { Secret } from '../people/Secret.tsx';
import { joinLineQuery } from './join-line.ts';
import classes from './Workers.module.css';

/** The token that was just made, and all that a fresh machine needs to join with it. */
export function JoinLines({ token }: { token: string }) {
  const { data, error } = useQuery(joinLineQuery());
  return (
    <>
      <Secret text="The token. Copy it now: it is shown this once." value={token} />
      <Refused error={error} />
      {data !== undefined && (
        <>
          <p className={classes.joinText} style={{ marginTop: 18 }}>
            {data.lines.length === 3
              ? 'On a machine with git and Node.js, run these lines.'
              : 'On a machine with Node.js, run these lines in a copy of this project.'}{' '}
            The last one asks for the token; where nobody can be asked, <code>--token-file FILE</code> reads
            it from a file.
          </p>
          <div className={classes.join}>
            <code>
              {data.lines.map((line) => (
                <span key={line}>{line}</span>
              ))}
            </code>
            <Copy text={data.lines.join('\n')} />
          </div>
        </>
      )}
    </>
  );
}
