import { Button, Skeleton } from '@mantine/core';
import type { TeamDetail } from '@parallel-pilot/shared/api/people.ts';
import { useQuery } from '@tanstack/react-query';
import { sentenceOf } from '../../api/request.ts';
import { useMay, useSession } from '../../api/session.ts';
import { Empty } from '../../components/Empty.tsx';
import { PageHead } from '../../components/PageHead.tsx';
import { OnlyWithAccounts } from '../OnlyWithAccounts.tsx';
import { Only } from '../people/Only.tsx';
import classes from '../people/People.module.css';
import { teamQuery } from '../people/queries.ts';
import { roleLabel } from '../people/role-words.ts';
import { Invitations } from './Invitations.tsx';
import { Machines } from './Machines.tsx';
import { Members } from './Members.tsx';
import { NewTeam } from './NewTeam.tsx';
import { Settings } from './Settings.tsx';
import { TeamUsage } from './TeamUsage.tsx';

/** The team that one works in. Another is chosen in the menu of the account. */
export function TeamPage() {
  const team = useSession()?.team;
  return (
    <OnlyWithAccounts>
      <Only action="team.see">
        {team !== null && team !== undefined && <Team key={team.id} id={team.id} />}
      </Only>
    </OnlyWithAccounts>
  );
}

function Team({ id }: { id: string }) {
  const { data: team, error, refetch } = useQuery(teamQuery(id));
  if (team !== undefined) return <Parts team={team} />;
  if (error === null)
    return <Skeleton height={360} radius={16} role="status" aria-label="Loading the team" />;
  return (
    <Empty
      page
      title="The team cannot be shown"
      text={sentenceOf(error)}
      action={<Button onClick={() => void refetch()}>Try again</Button>}
    />
  );
}

function Parts({ team }: { team: TeamDetail }) {
  const may = useMay();
  return (
    <>
      <PageHead
        title={team.name}
        tab="Team"
        sub={team.personal ? 'Your own team' : `You are ${ofRole(team.role)}`}
      >
        {may('teams.create') && <NewTeam />}
      </PageHead>
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Members team={team} />
          {may('team.invite') && !team.personal && <Invitations team={team} />}
          {!team.personal && <Settings team={team} />}
        </div>
        <div className={classes.stack}>
          <TeamUsage id={team.id} />
          <Machines />
        </div>
      </div>
    </>
  );
}

const ofRole = (role: TeamDetail['role']): string =>
  role === 'owner' ? 'an owner' : `a ${roleLabel(role).toLowerCase()}`;
