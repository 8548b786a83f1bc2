import { Button, NativeSelect, TextInput } from '@mantine/core';
import type { TeamDetail } from '@parallel-pilot/shared/api/people.ts';
import { useState } from 'react';
import { sessionQuery } from '../../api/queries.ts';
import { useMay, useSession } from '../../api/session.ts';
import { Panel } from '../../components/Panel.tsx';
import { AskedButton } from '../people/AskedButton.tsx';
import classes from '../people/People.module.css';
import { teamQuery } from '../people/queries.ts';
import { sentenceFor } from '../people/sentence.ts';
import { handOver, removeMember, renameTeam } from '../people/teams.ts';
import { useChange } from '../people/use-change.ts';
import { DeleteTeam } from './DeleteTeam.tsx';

/** To rename, hand over, leave or delete the team. */
export function Settings({ team }: { team: TeamDetail }) {
  const may = useMay();
  const me = useSession()?.person?.id ?? '';
  const leave = useChange(() => removeMember(team.id, me), {
    onDone: () => window.location.assign('/'),
  });
  return (
    <Panel title="This team">
      <div className={classes.form}>
        {may('team.change') && <Rename team={team} />}
        {may('team.change') && <HandOver team={team} me={me} />}
        <div className={classes.actions}>
          {may('team.leave') && (
            <AskedButton
              label="Leave the team"
              title={`Leave ${team.name}?`}
              text="You see nothing of it any more, and your keys for it are revoked. Your jobs stay with the team."
              go="Leave"
              working={leave.isPending}
              onGo={() => leave.mutate()}
            />
          )}
          {may('team.change') && <DeleteTeam team={team} />}
        </div>
      </div>
    </Panel>
  );
}

function Rename({ team }: { team: TeamDetail }) {
  const [name, setName] = useState(team.name);
  const rename = useChange(() => renameTeam(team.id, name.trim()), {
    changes: [teamQuery(team.id).queryKey, sessionQuery().queryKey],
    quiet: true,
  });
  return (
    <form
      className={classes.secret}
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <TextInput
        style={{ flex: 1 }}
        label="Name"
        required
        withAsterisk={false}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={sentenceFor(rename.error)}
      />
      <Button
        type="submit"
        variant="default"
        mt={25}
        loading={rename.isPending}
        disabled={name.trim() === team.name || name.trim() === ''}
      >
        Rename
      </Button>
    </form>
  );
}

function HandOver({ team, me }: { team: TeamDetail; me: string }) {
  const others = team.members.filter(({ person }) => person.id !== me);
  const [chosen, setChosen] = useState('');
  const to = others.find(({ person }) => person.id === chosen) ?? others[0];
  const hand = useChange((person: string) => handOver(team.id, person), {
    changes: [teamQuery(team.id).queryKey, sessionQuery().queryKey],
  });
  if (to === undefined) return null;
  return (
    <div className={classes.secret}>
      <NativeSelect
        style={{ flex: 1 }}
        label="Hand it over to"
        data={others.map(({ person }) => ({ value: person.id, label: person.name }))}
        value={to.person.id}
        onChange={(event) => setChosen(event.currentTarget.value)}
      />
      <div style={{ alignSelf: 'end', paddingBottom: 3 }}>
        <AskedButton
          label="Hand over"
          title={`Hand ${team.name} over to ${to.person.name}?`}
          text="They become its owner, and you a manager. Only they can give it back."
          go="Hand over"
          working={hand.isPending}
          onGo={() => hand.mutate(to.person.id)}
        />
      </div>
    </div>
  );
}
