import { Button, MultiSelect, NumberInput, Stack, TagsInput } from '@mantine/core';
import type { WorkerFit } from '@parallel-pilot/shared/api/machines.ts';
import { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { chosenPlacement, useChosenAsked, useChosenPlacement } from '../../app/placement.ts';
import { Panel } from '../../components/Panel.tsx';
import { useFetched } from '../../components/use-fetched.ts';
import { askFit } from './ask-fit.ts';
import classes from './WhichWorkers.module.css';

const GB = 1e9;
const FIT_MS = 5_000;

// Few jobs say it.
const eachPart = async () => (await import('./EachPart.tsx')).EachPart;

/** Which workers may do the job, of those that there are now; and before it is submitted, how many of them fit. */
export function WhichWorkers({ kind }: { kind: string | undefined }) {
  const chosen = useChosenPlacement();
  const asked = useChosenAsked();
  const [opened, setOpened] = useState(Object.keys(asked).length > 0);
  const EachPart = useFetched(eachPart, opened);
  const change = (more: Placement) => chosenPlacement.set({ ...chosen, ...more });
  const wrong = Placement.safeParse(chosen).error?.issues[0];
  const { data: fit, error } = useQuery({
    queryKey: ['fit', kind, chosen, asked],
    queryFn: ({ signal }) =>
      askFit({ ...(kind === undefined ? {} : { kind }), placement: chosen, asked }, signal),
    enabled: wrong === undefined,
    placeholderData: keepPreviousData,
    refetchInterval: FIT_MS,
  });
  const offer = fit?.offer;
  const problemOf = (field: keyof Placement) => (wrong?.path[0] === field ? `${wrong.message}.` : undefined);
  return (
    <Panel title="Which workers">
      <Stack gap="md">
        <TagsInput
          label="Pools"
          description="In any of these. Left empty: any worker."
          data={offer?.pools ?? []}
          maxTags={32}
          value={chosen.pools ?? []}
          onChange={(pools) => change({ pools })}
          error={problemOf('pools')}
        />
        <TagsInput
          label="Tags"
          description="With all of these."
          data={offer?.tags ?? []}
          maxTags={32}
          value={chosen.tags ?? []}
          onChange={(tags) => change({ tags })}
          error={problemOf('tags')}
        />
        <MultiSelect
          label="Workers"
          description="One of these."
          searchable
          data={namesOf(offer, chosen.workers)}
          value={chosen.workers ?? []}
          onChange={(ids) => change({ workers: Placement.shape.workers.parse(ids) ?? [] })}
        />
        <NumberInput
          label="Memory of the machine, at least"
          suffix=" GB"
          min={0}
          max={100_000}
          allowNegative={false}
          value={chosen.memoryBytes === undefined ? '' : chosen.memoryBytes / GB}
          onChange={(value) => chosenPlacement.set(withMemory(chosen, value))}
        />
        {EachPart !== null && <EachPart />}
        {!opened && (
          <Button variant="subtle" size="compact-sm" className={classes.more} onClick={() => setOpened(true)}>
            What each part needs
          </Button>
        )}
        <Fit fit={fit} error={error} />
      </Stack>
    </Panel>
  );
}

function Fit({ fit, error }: { fit: WorkerFit | undefined; error: Error | null }) {
  if (fit === undefined)
    return <p className={classes.fit}>{error === null ? '\u00a0' : sentenceOf(error)}</p>;
  return (
    <div className={classes.fit} role="status" data-none={fit.fitting === 0 || undefined}>
      <b>{fit.message}</b>
      {fit.others.length > 0 && (
        <ul>
          {fit.others.slice(0, MOST_SHOWN).map(({ worker, why }) => (
            <li key={worker.id}>
              {worker.name} {why}.
            </li>
          ))}
          {fit.others.length > MOST_SHOWN && <li>And {fit.others.length - MOST_SHOWN} more.</li>}
        </ul>
      )}
    </div>
  );
}

const MOST_SHOWN = 5;

/** Those there are, and those chosen that went since. */
function namesOf(offer: WorkerFit['offer'] | undefined, chosen: readonly string[] = []) {
  const there = offer?.workers.map(({ id, name }) => ({ value: id as string, label: name })) ?? [];
  const gone = chosen.filter((id) => !there.some(({ value }) => value === id));
  return [...there, ...gone.map((id) => ({ value: id, label: `${id} (away)` }))];
}

function withMemory({ memoryBytes: _, ...chosen }: Placement, gigabytes: string | number): Placement {
  const memoryBytes = Math.round(Number(gigabytes) * GB);
  return gigabytes === '' || !(memoryBytes > 0) ? chosen : { ...chosen, memoryBytes };
}
