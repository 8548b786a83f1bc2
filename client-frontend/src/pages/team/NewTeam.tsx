import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { actIn } from '../people/account.ts';
import { Dialog } from '../people/Dialog.tsx';
import { createTeam } from '../people/teams.ts';
import { useChange } from '../people/use-change.ts';

/** Makes a team and goes to work in it. */
export function NewTeam() {
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState('');
  const make = useChange(async () => actIn((await createTeam(name.trim())).id), {
    quiet: true,
    onDone: () => window.location.assign('/team'),
  });
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        New team
      </Button>
      <Dialog
        opened={asking}
        title="New team"
        go="Make it"
        working={make.isPending || make.isSuccess}
        error={make.error}
        onClose={() => setAsking(false)}
        onGo={() => make.mutate()}
      >
        <TextInput
          label="Name"
          description="You are its owner, and work in it from now on."
          data-autofocus
          required
          withAsterisk={false}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </Dialog>
    </>
  );
}
