import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { Link } from 'react-router';
import { Bar } from '../../components/Bar.tsx';
import { formatAgo, formatBytes, formatCount, formatPercent, plural } from '../../components/format.ts';
import { abilities } from './abilities.ts';
import { lentInWords } from './lent-words.ts';
import { nameOf, Standing } from './Standing.tsx';
import classes from './Workers.module.css';
import { WORKS_FOR } from './works-for.ts';

type WorkerCardProps = {
  worker: WorkerView;
  now: number;
  /** Several people are here, so it is said whose it is. */
  lent: boolean;
};

export function WorkerCard({ worker, now, lent }: WorkerCardProps) {
  const { machine, status } = worker;
  return (
    <article className={classes.card} data-status={status} aria-label={`Worker ${nameOf(worker)}`}>
      <header className={classes.head}>
        <h2>
          <Link to={`/workers/${worker.id}`} className={classes.name}>
            {nameOf(worker)}
          </Link>
        </h2>
        <Standing worker={worker} />
      </header>
      <p className={classes.machine}>
        {machine.os} · {plural(machine.cpus, 'core')} · {formatBytes(machine.memoryBytes)}
      </p>
      {lent && (
        <p className={classes.machine}>
          {worker.lender === null ? 'Of another team' : `Lent by ${worker.lender.person.name}`},{' '}
          {WORKS_FOR[worker.worksFor].short}
        </p>
      )}
      {status === 'offline' ? (
        <p className={classes.quiet}>Last seen {formatAgo(worker.lastSeenAt, now)}.</p>
      ) : (
        <>
          <Doing worker={worker} />
          <Load worker={worker} />
        </>
      )}
      <Labels name="Pools" labels={worker.pools} />
      <Labels name="Tags" labels={worker.tags} />
      <ul className={classes.abilities} aria-label="What it can do">
        {abilities(worker.capabilities).map(({ text, lacking }) => (
          <li key={text} data-lacking={lacking || undefined}>
            {text}
          </li>
        ))}
      </ul>
      <footer className={classes.foot}>
        {worker.chunksDone !== null && <span>{formatCount(worker.chunksDone)} done</span>}
        {worker.chunksFailed !== null && (
          <span data-bad={worker.chunksFailed > 0 || undefined}>
            {formatCount(worker.chunksFailed)} failed
          </span>
        )}
        {worker.slots > 1 && <span>{worker.slots} at a time</span>}
      </footer>
    </article>
  );
}

function Labels({ name, labels }: { name: 'Pools' | 'Tags'; labels: string[] }) {
  if (labels.length === 0) return null;
  return (
    <ul className={classes.abilities} aria-label={name}>
      {labels.map((label) => (
        <li key={label} data-tag={name === 'Tags' || undefined} data-pool={name === 'Pools' || undefined}>
          {label}
        </li>
      ))}
    </ul>
  );
}

function Doing({ worker }: { worker: WorkerView }) {
  if (worker.running.length === 0) {
    const { lent } = worker;
    return (
      <p className={classes.quiet}>{lent === null || lent.open ? 'Free for work.' : lentInWords(lent)}</p>
    );
  }
  return (
    <ul className={classes.doing}>
      {worker.running.map((run) => (
        <li key={run.chunk}>
          <div className={classes.doingHead}>
            <Link to={`/jobs/${run.job}`}>{run.jobName}</Link>
            <span>{[run.label, run.detail].filter((part) => part !== '').join(' · ')}</span>
          </div>
          <Bar label={`${worker.name}: ${run.label}`} fraction={run.fraction} color="var(--state-running)" />
        </li>
      ))}
    </ul>
  );
}

function Load({ worker: { load, machine } }: { worker: WorkerView }) {
  if (load === null) return null;
  const memory = machine.memoryBytes === 0 ? 0 : load.memoryUsedBytes / machine.memoryBytes;
  return (
    <dl className={classes.load}>
      <dt>Processor</dt>
      <dd>
        <Bar label="Processor in use" fraction={load.cpu} color="var(--state-leased)" height={5} />
      </dd>
      <dd>{formatPercent(load.cpu)}</dd>
      <dt>Memory</dt>
      <dd>
        <Bar label="Memory in use" fraction={memory} color="var(--state-leased)" height={5} />
      </dd>
      <dd>{formatBytes(load.memoryUsedBytes)}</dd>
    </dl>
  );
}
