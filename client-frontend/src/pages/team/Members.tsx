import { NativeSelect } from '@mantine/core';
import type { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import type { TeamDetail, TeamMember } from '@parallel-pilot/shared/api/people.ts';
import { sessionQuery } from '../../api/queries.ts';
import { useMay, useSession } from '../../api/session.ts';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { AskedButton } from '../people/AskedButton.tsx';
import classes from '../people/People.module.css';
import { teamQuery } from '../people/queries.ts';
import { ROLES, roleLabel } from '../people/role-words.ts';
import { changeRole, removeMember } from '../people/teams.ts';
import { useChange, useChosen } from '../people/use-change.ts';

export function Members({ team }: { team: TeamDetail }) {
  const may = useMay();
  const me = useSession()?.person?.id;
  return (
    <Panel title="People" aside={String(team.members.length)}>
      <ul className={classes.rows}>
        {team.members.map((member) => (
          <MemberRow
            key={member.person.id}
            team={team}
            member={member}
            me={member.person.id === me}
            // Only an owner touches an owner.
            changes={
              may('team.members') &&
              !team.personal &&
              member.person.id !== me &&
              (member.role !== 'owner' || team.role === 'owner')
            }
          />
        ))}
      </ul>
      {!team.personal && (
        <p className={classes.note}>{ROLES.map(({ label, does }) => `${label}: ${does}.`).join(' ')}</p>
      )}
    </Panel>
  );
}

type MemberRowProps = { team: TeamDetail; member: TeamMember; me: boolean; changes: boolean };

function MemberRow({ team, member: { person, role, joinedAt }, me, changes }: MemberRowProps) {
  const changed = [teamQuery(team.id).queryKey, sessionQuery().queryKey];
  const change = useChange((to: TeamRole) => changeRole(team.id, person.id, to), { changes: changed });
  const remove = useChange(() => removeMember(team.id, person.id), { changes: changed });
  const [shown, choose] = useChosen(role, change);
  const given = ROLES.filter(({ value }) => value !== 'owner' || team.role === 'owner');
  return (
    <li className={classes.row}>
      <div className={classes.main}>
        <b>{person.name}</b>
        {me && <span className={classes.mark}>you</span>}
        <small>
          {[person.email, `since ${formatAgo(joinedAt, Date.now())}`]
            .filter((part) => part !== null)
            .join(' · ')}
        </small>
      </div>
      <div className={classes.side}>
        {changes ? (
          <>
            <NativeSelect
              size="xs"
              aria-label={`Role of ${person.name}`}
              data={given.map(({ value, label }) => ({ value, label }))}
              value={shown}
              disabled={change.isPending}
              onChange={(event) => choose(event.currentTarget.value as TeamRole)}
            />
            <AskedButton
              label="Remove"
              about={`Remove ${person.name}`}
              title={`Remove ${person.name}?`}
              text={`They see nothing of ${team.name} any more, and their keys for it are revoked. Their jobs stay with the team.`}
              go="Remove"
              working={remove.isPending}
              onGo={() => remove.mutate()}
            />
          </>
        ) : (
          <span>{roleLabel(role)}</span>
        )}
      </div>
    </li>
  );
}
