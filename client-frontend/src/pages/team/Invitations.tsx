import { Button, NativeSelect, TextInput } from '@mantine/core';
import type { InvitationView, MadeLink, TeamDetail } from '@parallel-pilot/shared/api/people.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Panel } from '../../components/Panel.tsx';
import { Dialog } from '../people/Dialog.tsx';
import { InvitationRows } from '../people/InvitationRows.tsx';
import classes from '../people/People.module.css';
import { invitationsQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { ROLES } from '../people/role-words.ts';
import { Secret } from '../people/Secret.tsx';
import { invite, withdrawInvitation } from '../people/teams.ts';
import { useChange } from '../people/use-change.ts';

type InvitedRole = 'manager' | 'member' | 'viewer';

export function Invitations({ team }: { team: TeamDetail }) {
  const { data, error } = useQuery(invitationsQuery(team.id));
  const changes = [invitationsQuery(team.id).queryKey];
  const withdraw = useChange((one: InvitationView) => withdrawInvitation(team.id, one.id), { changes });
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<MadeLink | null>(null);
  return (
    <Panel title="Invitations">
      {data === undefined && <Refused error={error} />}
      {data?.invitations.length === 0 && made === null && (
        <p className={classes.text}>Nobody is invited at the moment.</p>
      )}
      {data !== undefined && (
        <InvitationRows
          invitations={data.invitations}
          working={withdraw.isPending ? withdraw.variables.id : null}
          onWithdraw={(one) => withdraw.mutate(one)}
        />
      )}
      {made !== null && <MadeInvitation made={made} />}
      <div className={classes.actions}>
        <Button variant="default" onClick={() => setAsking(true)}>
          Invite somebody
        </Button>
      </div>
      <NewInvitation team={team} opened={asking} onClose={() => setAsking(false)} onMade={setMade} />
    </Panel>
  );
}

function MadeInvitation({ made }: { made: MadeLink }) {
  const text = made.mailed
    ? 'The invitation is on its way by e-mail. This is its link, shown this once:'
    : 'Hand this link over. It is good for one person, and shown this once:';
  return <Secret text={text} value={made.url} />;
}

type NewInvitationProps = {
  team: TeamDetail;
  opened: boolean;
  onClose(): void;
  onMade(made: MadeLink): void;
};

function NewInvitation({ team, opened, onClose, onMade }: NewInvitationProps) {
  const [role, setRole] = useState<InvitedRole>('member');
  const [email, setEmail] = useState('');
  const [days, setDays] = useState('7');
  const make = useChange(
    () => invite(team.id, { role, email: email.trim() === '' ? null : email.trim(), days: Number(days) }),
    {
      changes: [invitationsQuery(team.id).queryKey],
      quiet: true,
      onDone: (made) => {
        onMade(made);
        setEmail('');
        onClose();
      },
    },
  );
  const present = ROLES.find(({ value }) => value === role);
  return (
    <Dialog
      opened={opened}
      title={`Invite to ${team.name}`}
      go="Make the link"
      working={make.isPending}
      error={make.error}
      onClose={onClose}
      onGo={() => make.mutate()}
    >
      <NativeSelect
        label="Role"
        description={present?.does}
        data={ROLES.filter(({ value }) => value !== 'owner').map(({ value, label }) => ({ value, label }))}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as InvitedRole)}
      />
      <TextInput
        label="E-mail"
        description="Only who has this address may accept then. Empty: whoever has the link."
        type="email"
        autoComplete="off"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <NativeSelect
        label="Good for"
        data={[
          { value: '1', label: 'A day' },
          { value: '7', label: 'A week' },
          { value: '30', label: '30 days' },
        ]}
        value={days}
        onChange={(event) => setDays(event.currentTarget.value)}
      />
    </Dialog>
  );
}
