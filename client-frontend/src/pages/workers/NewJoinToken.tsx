import { Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { useState } from 'react';
import { Dialog } from '../people/Dialog.tsx';
import { EndsIn, endIn } from '../people/EndsIn.tsx';
import { makeJoinToken } from '../people/machines.ts';
import { joinTokensQuery } from '../people/queries.ts';
import { useChange } from '../people/use-change.ts';
import { WORKS_FOR } from './works-for.ts';

type NewJoinTokenProps = { opened: boolean; onClose(): void; onMade(token: string): void };

const ENDS = { 1: 'In a day', 7: 'In a week', 30: 'In 30 days' };

export function NewJoinToken({ opened, onClose, onMade }: NewJoinTokenProps) {
  const [name, setName] = useState('');
  const [worksFor, setWorksFor] = useState<WorksFor>('team');
  const [uses, setUses] = useState<number | null>(1);
  const [days, setDays] = useState('7');
  const make = useChange(
    () =>
      makeJoinToken({
        name: name.trim(),
        worksFor,
        uses,
        expiresAt: endIn(days),
      }),
    {
      changes: [joinTokensQuery().queryKey],
      quiet: true,
      onDone: ({ token }) => {
        onMade(token);
        setName('');
        onClose();
      },
    },
  );
  return (
    <Dialog
      opened={opened}
      title="Make a join token"
      go="Make it"
      working={make.isPending}
      error={make.error}
      onClose={onClose}
      onGo={() => make.mutate()}
    >
      <TextInput
        label="Name"
        description="Which machines it is for."
        placeholder="Studio, second floor"
        data-autofocus
        required
        withAsterisk={false}
        maxLength={128}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        label="They work for"
        description="A machine without a working sandbox works for its lender alone."
        data={Object.entries(WORKS_FOR).map(([value, { label }]) => ({ value, label }))}
        value={worksFor}
        onChange={(event) => setWorksFor(event.currentTarget.value as WorksFor)}
      />
      <NumberInput
        label="Machines"
        description="How many may join with it."
        min={1}
        max={10_000}
        allowDecimal={false}
        disabled={uses === null}
        value={uses ?? ''}
        onChange={(value) => setUses(typeof value === 'number' ? value : 1)}
      />
      <Checkbox
        label="Any number of machines"
        checked={uses === null}
        onChange={(event) => setUses(event.currentTarget.checked ? null : 1)}
      />
      <EndsIn days={days} choices={ENDS} onChange={setDays} />
    </Dialog>
  );
}
