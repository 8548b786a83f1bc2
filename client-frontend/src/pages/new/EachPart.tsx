import { NumberInput, TextInput } from '@mantine/core';
import { type Asked, Counts } from '@parallel-pilot/shared/model/resources.ts';
import { parseCounts } from '@parallel-pilot/shared/model/typed-counts.ts';
import { useState } from 'react';
import { z } from 'zod';
import { chosenAsked, useChosenAsked } from '../../app/placement.ts';
import classes from './WhichWorkers.module.css';

const GB = 1e9;
const MOST_GPUS = 16;
const TypedCounts = z.string().transform(parseCounts).pipe(Counts);

/** What each part of the job uses up of its worker. What is left empty is a slot's part, or none. */
export function EachPart() {
  const asked = useChosenAsked();
  const [typed, setTyped] = useState(() => inWords(asked.counts));
  const counts = TypedCounts.safeParse(typed);
  const change = (more: { [Key in keyof Asked]?: Asked[Key] | undefined }) =>
    chosenAsked.set(withoutAbsent({ ...asked, ...more }));
  return (
    <fieldset className={classes.parts}>
      <legend>What each part needs</legend>
      <NumberInput
        label="Threads"
        {...COUNT}
        min={1}
        max={65_536}
        value={asked.threads ?? ''}
        onChange={(value) => change({ threads: positive(value) })}
      />
      <NumberInput
        label="Memory"
        {...SIZE}
        value={asked.memoryBytes === undefined ? '' : asked.memoryBytes / GB}
        onChange={(value) => change({ memoryBytes: bytes(value) })}
      />
      <NumberInput
        label="Disk"
        {...SIZE}
        value={asked.diskBytes === undefined ? '' : asked.diskBytes / GB}
        onChange={(value) => change({ diskBytes: bytes(value) })}
      />
      <NumberInput
        label="GPUs to itself"
        {...COUNT}
        min={0}
        max={MOST_GPUS}
        value={asked.gpus?.length ?? ''}
        onChange={(value) => change({ gpus: gpus(positive(value) ?? 0) })}
      />
      <TextInput
        className={classes.whole}
        label="What else it uses up"
        placeholder="licence=1, seat=2"
        description="Of what workers offer. A part that takes more memory than it asks for is ended."
        value={typed}
        error={counts.success ? undefined : `${counts.error.issues[0]?.message}.`}
        onChange={(event) => {
          const text = event.currentTarget.value;
          setTyped(text);
          const read = TypedCounts.safeParse(text);
          const some = read.success && Object.keys(read.data).length > 0;
          change({ counts: some ? read.data : undefined });
        }}
      />
    </fieldset>
  );
}

const COUNT = { allowNegative: false, allowDecimal: false, clampBehavior: 'strict' } as const;
const SIZE = { allowNegative: false, suffix: ' GB', min: 0, max: 100_000, clampBehavior: 'strict' } as const;

const positive = (value: string | number): number | undefined =>
  value === '' || !(Number(value) > 0) ? undefined : Number(value);

const bytes = (gigabytes: string | number): number | undefined =>
  positive(gigabytes) === undefined ? undefined : Math.round(Number(gigabytes) * GB);

const gpus = (count: number): Asked['gpus'] =>
  count === 0 ? undefined : Array.from({ length: count }, () => ({ name: null, memoryBytes: 0 }));

const inWords = (counts: Asked['counts'] = {}): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}=${count}`)
    .join(', ');

const withoutAbsent = (all: { [Key in keyof Asked]?: Asked[Key] | undefined }): Asked =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Asked;
