import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { Bar } from '../../components/Bar.tsx';
import { formatBytes, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './Lending.module.css';
import { hoursInWords } from './lending-form.ts';
import { lentInWords } from './lent-words.ts';

/** What the machine offers now, what jobs use of it, and when it is lent. */
export function OfferPanel({ worker: { offer, used, lent, lending, slots } }: { worker: WorkerView }) {
  if (offer === null) return null;
  const hours = hoursInWords([...(lending?.atStart.hours ?? []), ...(lending?.onSite.hours ?? [])]);
  return (
    <Panel title="What it offers" aside={slots > 1 ? `${slots} parts at a time` : undefined}>
      {lent !== null && <p className={classes.lent}>{lentInWords(lent)}</p>}
      {hours.length > 0 && <p className={classes.hours}>{[...new Set(hours)].join(', and ')}</p>}
      <dl className={classes.uses}>
        <Use
          name="Threads"
          used={used?.threads}
          offered={offer.threads}
          words={(count) => String(Math.round(count * 10) / 10)}
        />
        <Use name="Memory" used={used?.memoryBytes} offered={offer.memoryBytes} words={formatBytes} />
        <Use name="Disk" used={used?.diskBytes} offered={offer.diskBytes} words={formatBytes} />
        {offer.gpus.length > 0 && (
          <Use
            name={plural(offer.gpus.length, 'GPU')}
            used={used?.gpus.length}
            offered={offer.gpus.length}
            words={String}
            about={offer.gpus.map(({ name }) => name).join(', ')}
          />
        )}
        {Object.entries(offer.counts).map(([name, count]) => (
          <Use
            key={name}
            name={name}
            used={used === null ? undefined : (used.counts[name] ?? 0)}
            offered={count}
            words={String}
          />
        ))}
      </dl>
    </Panel>
  );
}

type UseProps = {
  name: string;
  /** Undefined where nobody knows. */
  used: number | undefined;
  offered: number;
  words(value: number): string;
  about?: string;
};

function Use({ name, used, offered, words, about }: UseProps) {
  const fraction = used === undefined || offered === 0 ? 0 : Math.min(1, used / offered);
  return (
    <>
      <dt title={about}>{name}</dt>
      <dd>
        <Bar label={`${name} in use`} fraction={fraction} color="var(--state-leased)" height={5} />
      </dd>
      <dd>{used === undefined ? words(offered) : `${words(used)} of ${words(offered)}`}</dd>
    </>
  );
}
