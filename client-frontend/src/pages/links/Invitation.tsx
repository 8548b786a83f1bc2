import { Button } from '@mantine/core';
import type { LinkView } from '@parallel-pilot/shared/api/people.ts';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSession } from '../../api/session.ts';
import { leave } from '../people/account.ts';
import { CardPage } from '../people/CardPage.tsx';
import { Refused } from '../people/Refused.tsx';
import { roleLabel } from '../people/role-words.ts';
import { SignInPage } from '../signin/SignInPage.tsx';
import { NewAccount } from './NewAccount.tsx';
import { useAccept } from './use-accept.ts';

/** Joins as who is signed in, or by a new account. */
export function Invitation({ token, link }: { token: string; link: LinkView }) {
  const { you, team } = link;
  const session = useSession();
  const [known, setKnown] = useState(false);
  if (you === null && known && session !== undefined) return <SignInPage ways={session.ways} />;
  const who = link.by === null ? 'You are invited' : `${link.by} invites you`;
  const text =
    team === null ? `${who} to this farm.` : `${who} to take part as ${roleLabel(team.role).toLowerCase()}.`;
  const title = team === null ? 'Join this farm' : `Join ${team.name}`;
  if (you === null) {
    return (
      <CardPage title={title} text={`${text} Make your account.`}>
        <NewAccount token={token} email={link.email} name={link.name} go="Join" />
        {session !== undefined && (
          <Button variant="subtle" color="gray" onClick={() => setKnown(true)}>
            I have an account
          </Button>
        )}
      </CardPage>
    );
  }
  return (
    <CardPage title={title} text={text}>
      <JoinAs token={token} you={you} />
    </CardPage>
  );
}

function JoinAs({ token, you }: { token: string; you: NonNullable<LinkView['you']> }) {
  const accept = useAccept(token);
  const other = useMutation({ mutationFn: leave, onSuccess: () => window.location.reload() });
  return (
    <>
      <Refused error={accept.error ?? other.error} />
      <Button size="md" loading={accept.isPending || accept.isSuccess} onClick={() => accept.mutate({})}>
        Join as {you.name}
      </Button>
      <Button variant="subtle" color="gray" loading={other.isPending} onClick={() => other.mutate()}>
        That is not me: sign out
      </Button>
    </>
  );
}
