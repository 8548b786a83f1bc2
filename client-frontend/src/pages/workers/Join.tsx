import { Button, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { joinLineQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './Workers.module.css';

/** The line that makes another machine a worker. */
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
        On a machine with Blender and a clone of this project, run this line. It is given work at once, even
        in the middle of a job.
      </p>
      <div className={classes.join}>
        <code>{data.command}</code>
        <CopyButton value={data.command} timeout={2_000}>
          {({ copied, copy }) => (
            <Button
              variant="light"
              onClick={copy}
              leftSection={copied ? <IconCheck size={17} aria-hidden /> : <IconCopy size={17} aria-hidden />}
            >
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </div>
      {!data.reachable && (
        <p className={classes.unreachable}>
          This farm listens on its own machine alone, so others cannot reach it yet. Start it with{' '}
          <code>--host 0.0.0.0</code>, or with this machine’s address in your network; the site then asks for
          the owner’s key, which is shown at that first start.
        </p>
      )}
      <p className={classes.quiet}>
        The line holds a token that lets machines join. Share it only with people you trust.
      </p>
    </Panel>
  );
}
