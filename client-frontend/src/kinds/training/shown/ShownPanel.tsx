import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../../api/request.ts';
import { formatCount } from '../../../components/format.ts';
import { Panel } from '../../../components/Panel.tsx';
import { type ShownAt, shownQuery } from './queries.ts';
import { RoundSlider } from './RoundSlider.tsx';
import classes from './Shown.module.css';
import { ShownPicture } from './ShownPicture.tsx';
import { ShownTable } from './ShownTable.tsx';
import { ShownTiles } from './ShownTiles.tsx';

/** What the script shows by pilot.show, of one round at a time: the newest, until another is chosen. */
export function ShownPanel({ job }: { job: JobDetail }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const { data, error } = useQuery(shownQuery(job.id, chosen));
  const round = chosen ?? data?.round ?? null;
  if (data === undefined || round === null) return null;
  return (
    <Panel title="Shown by the script" aside={data.rounds.length < 2 && `Round ${formatCount(round)}`}>
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      {data.rounds.length > 1 && (
        <RoundSlider
          rounds={data.rounds}
          round={round}
          onChange={(next) => setChosen(next === data.rounds.at(-1) ? null : next)}
        />
      )}
      {[...Map.groupBy(data.shown, ({ shard }) => shard)].map(([shard, things]) => (
        <section key={shard} className={classes.of} aria-label={nameOf(shard)}>
          <h3>{nameOf(shard)}</h3>
          <div className={classes.things}>
            {things.map(({ place, what }) => (
              <Thing
                key={`${what.kind} ${what.name}`}
                // What is on the page while another round is asked for is still that of the one before.
                at={{ job: job.id, round: data.round ?? round, shard, place, what }}
              />
            ))}
          </div>
        </section>
      ))}
    </Panel>
  );
}

const nameOf = (shard: number | null): string => (shard === null ? 'Merged model' : `Shard ${shard}`);

function Thing({ at }: { at: ShownAt }) {
  const { what } = at;
  return (
    <figure className={classes.thing} data-kind={what.kind}>
      <figcaption>
        <b>{what.name}</b>
      </figcaption>
      {what.kind === 'table' && <ShownTable at={at} shade={what.shade} />}
      {what.kind === 'images' && <ShownTiles at={at} what={what} />}
      {what.kind === 'image' && <ShownPicture at={at} what={what} />}
    </figure>
  );
}
