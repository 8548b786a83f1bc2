import { Button, TextInput } from '@mantine/core';
import type { MadeLink } from '@parallel-pilot/shared/api/people.ts';
import { useState } from 'react';
import { Dialog } from '../people/Dialog.tsx';
import { inviteToFarm } from '../people/limits.ts';
import { farmInvitationsQuery } from '../people/queries.ts';
import { useChange } from '../people/use-change.ts';
import { MadeLinkDialog } from './MadeLinkDialog.tsx';

/** A link by which somebody makes an account here, with a team of their own. */
export function InviteToFarm() {
  const [asking, setAsking] = useState(false);
  const [email, setEmail] = useState('');
  const [made, setMade] = useState<MadeLink | null>(null);
  const make = useChange(() => inviteToFarm(email.trim() === '' ? null : email.trim()), {
    changes: [farmInvitationsQuery().queryKey],
    quiet: true,
    onDone: (link) => {
      setAsking(false);
      setEmail('');
      setMade(link);
    },
  });
  return (
    <>
      <Button onClick={() => setAsking(true)}>Invite somebody</Button>
      <Dialog
        opened={asking}
        title="Invite to the farm"
        go="Make the link"
        working={make.isPending}
        error={make.error}
        onClose={() => setAsking(false)}
        onGo={() => make.mutate()}
      >
        <TextInput
          label="E-mail"
          description="Only who has this address may accept then. Empty: whoever has the link."
          type="email"
          autoComplete="off"
          data-autofocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
      </Dialog>
      <MadeLinkDialog title="The invitation" made={made} onClose={() => setMade(null)} />
    </>
  );
}
