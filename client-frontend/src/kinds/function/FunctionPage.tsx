import { useQuery } from '@tanstack/react-query';
import { isStatus, sentenceOf } from '../../api/request.ts';
import { Empty } from '../../components/Empty.tsx';
import { Facts } from '../../components/Facts.tsx';
import { formatCount } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import shared from '../../job/Job.module.css';
import { CallsTable } from './CallsTable.tsx';
import classes from './Function.module.css';
import { functionQuery } from './queries.ts';
import { settingsFacts } from './settings-words.ts';
import { TryIt } from './TryIt.tsx';
import { VersionsTable } from './VersionsTable.tsx';

/** A function: what it is, its calls and versions, and a call to try it with: /functions/NAME. */
export function FunctionPage({ id: name }: { id: string }) {
  const { data, error } = useQuery(functionQuery(name));
  if (isStatus(error, 404))
    return <Empty page title="There is no such function" text="It may have been deleted, or renamed." />;
  if (error !== null && data === undefined) return <p role="alert">{sentenceOf(error)}</p>;
  if (data === undefined) return null;
  const { figures } = data;
  const now: [string, string][] = [
    [
      'Handler',
      data.image === null
        ? data.handler
        : `${data.handler}, in the image ${data.image}${data.network ? ', with a network' : ''}`,
    ],
    [
      'Owner',
      data.takenOverFrom === null
        ? data.owner
        : `${data.owner}, who took it over from ${data.takenOverFrom}, who has left the team`,
    ],
    ['Ready instances', String(data.instances)],
    ['Waiting calls', formatCount(data.waiting)],
    ['Calls in 24 hours', formatCount(figures.done + figures.failed)],
    ['Failed of them', formatCount(figures.failed)],
    [
      'Handler takes',
      figures.meanMs === null ? 'not known yet' : `${figures.meanMs.toFixed(1)} ms on average`,
    ],
    ['Called at', `POST ${data.path}`],
    ...(data.publicPath === null
      ? []
      : [['With its own token at', `POST ${data.publicPath}`] as [string, string]]),
  ];
  const before = data.servedBy === data.version ? '' : `; version ${data.servedBy} takes the calls`;
  return (
    <>
      <PageHead title={name} sub={`Function, version ${data.version}${before}`} />
      <div className={classes.stack}>
        <div className={shared.halves}>
          <TryIt name={name} />
          <Panel title="Now">
            <Facts facts={now} />
          </Panel>
        </div>
        <CallsTable name={name} />
        <div className={shared.halves}>
          <VersionsTable name={name} />
          <Panel title="Settings">
            <Facts facts={settingsFacts(data.settings)} />
          </Panel>
        </div>
      </div>
    </>
  );
}
