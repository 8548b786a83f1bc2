import { Button } from '@mantine/core';
import type { JoinTokenView } from '@parallel-pilot/shared/api/machines.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay, useSession } from '../../api/session.ts';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { AskedButton } from '../people/AskedButton.tsx';
import { revokeJoinToken } from '../people/machines.ts';
import people from '../people/People.module.css';
import { joinTokensQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import { JoinLines } from './JoinLines.tsx';
import { NewJoinToken } from './NewJoinToken.tsx';
import { WORKS_FOR } from './works-for.ts';

/** Tokens by which machines of the team join, and the lines that take them. */
export function JoinTokens() {
  const { data, error } = useQuery(joinTokensQuery());
  const team = useSession()?.team?.name;
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  return (
    <Panel title="Lend a machine">
      <p className={people.text}>
        A machine joins with a token, and works for whom you say: yourself, {team ?? 'your team'}, or everyone
        on the farm. Each that has joined is listed above, and can be disabled or removed alone.
      </p>
      {data === undefined && <Refused error={error} />}
      <ul className={people.rows}>
        {data?.joinTokens.map((token) => (
          <TokenRow key={token.id} token={token} />
        ))}
      </ul>
      {made !== null && <JoinLines token={made} />}
      <div className={people.actions}>
        <Button variant="default" onClick={() => setMaking(true)}>
          Make a join token
        </Button>
      </div>
      <NewJoinToken opened={making} onClose={() => setMaking(false)} onMade={setMade} />
    </Panel>
  );
}

const STATE = { good: null, 'used-up': 'used up', expired: 'ended' } as const;

function TokenRow({ token }: { token: JoinTokenView }) {
  const steers = useMay()('workers.steer', token.mine);
  const revoke = useChange(() => revokeJoinToken(token.id), { changes: [joinTokensQuery().queryKey] });
  const state = STATE[token.state];
  return (
    <li className={people.row} data-off={state !== null || undefined}>
      <div className={people.main}>
        <b>{token.name}</b>
        {state !== null && (
          <span className={people.mark} data-bad>
            {state}
          </span>
        )}
        <small>{factsOf(token).join(' · ')}</small>
      </div>
      {steers && (
        <AskedButton
          label="Revoke"
          about={`Revoke the join token ${token.name}`}
          title={`Revoke ${token.name}?`}
          text="No machine joins with it any more. Those that have joined stay."
          go="Revoke"
          working={revoke.isPending}
          onGo={() => revoke.mutate()}
        />
      )}
    </li>
  );
}

function factsOf({ person, mine, worksFor, usesLeft, workers, expiresAt }: JoinTokenView): string[] {
  const end =
    expiresAt === null
      ? []
      : [`${expiresAt < Date.now() ? 'ended' : 'ends'} ${new Date(expiresAt).toLocaleDateString('en-GB')}`];
  return [
    mine ? 'yours' : `by ${person.name}`,
    WORKS_FOR[worksFor].short,
    `${plural(workers, 'machine')} joined`,
    usesLeft === null ? 'for any number' : `for ${usesLeft} more`,
    ...end,
  ];
}
