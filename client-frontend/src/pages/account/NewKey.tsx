import { Checkbox, Stack, TextInput } from '@mantine/core';
import { SCOPES, type Scope } from '@parallel-pilot/shared/access/principal.ts';
import { useState } from 'react';
import { useSession } from '../../api/session.ts';
import { makeKey } from '../people/account.ts';
import { Dialog } from '../people/Dialog.tsx';
import { EndsIn, endIn } from '../people/EndsIn.tsx';
import { keysQuery } from '../people/queries.ts';
import { SCOPE_WORDS } from '../people/role-words.ts';
import { useChange } from '../people/use-change.ts';

type NewKeyProps = { opened: boolean; onClose(): void; onMade(key: string): void };

const ENDS = { 30: 'In 30 days', 90: 'In 90 days', 365: 'In a year' };

export function NewKey({ opened, onClose, onMade }: NewKeyProps) {
  const session = useSession();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(['read', 'submit']);
  const [days, setDays] = useState('90');
  const make = useChange(
    () =>
      makeKey({
        name: name.trim(),
        scopes,
        expiresAt: endIn(days),
      }),
    {
      changes: [keysQuery().queryKey],
      quiet: true,
      onDone: ({ key }) => {
        onMade(key);
        setName('');
        onClose();
      },
    },
  );
  return (
    <Dialog
      opened={opened}
      title="Make a key"
      go="Make it"
      working={make.isPending}
      error={make.error}
      onClose={onClose}
      onGo={() => make.mutate()}
    >
      <TextInput
        label="Name"
        description={`What will use it. It acts in the team ${session?.team?.name ?? ''}.`}
        placeholder="Studio laptop"
        data-autofocus
        required
        withAsterisk={false}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group
        label="What it may"
        value={scopes}
        onChange={(chosen) => setScopes(SCOPES.filter((scope) => chosen.includes(scope)))}
      >
        <Stack gap={8} mt={6}>
          {SCOPES.filter((scope) => session?.scopes.includes(scope)).map((scope) => (
            <Checkbox key={scope} value={scope} label={SCOPE_WORDS[scope]} />
          ))}
        </Stack>
      </Checkbox.Group>
      <EndsIn days={days} choices={ENDS} onChange={setDays} />
    </Dialog>
  );
}
