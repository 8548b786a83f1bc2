import { Button, Menu } from '@mantine/core';
import type { Session } from '@parallel-pilot/shared/api/farm.ts';
import {
  IconBell,
  IconCheck,
  IconHistory,
  IconLogout,
  IconSettings,
  IconUserCircle,
  IconUserCog,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Link } from 'react-router';
import { useMay } from '../api/session.ts';
import { useFetched } from '../components/use-fetched.ts';
import { showProblem } from '../job/job-command.ts';
import { actIn, leave } from '../pages/people/account.ts';
import classes from './Shell.module.css';

const clerkOrganizations = async () => (await import('./ClerkOrganizations.tsx')).ClerkOrganizations;

/** The teams one may act in, the pages about people, and the way out. It opens as soon as it is there, which a click asked for. */
export function AccountMenu({ session }: { session: Session }) {
  const may = useMay();
  // All that is shown belongs to the team before, sockets too: the site begins anew.
  const toTeam = useMutation({
    mutationFn: actIn,
    onSuccess: () => window.location.assign('/'),
    onError: showProblem,
  });
  const signOut = useMutation({
    mutationFn: leave,
    onSuccess: () => window.location.assign('/'),
    onError: showProblem,
  });
  const { person, team, teams } = session;
  const ClerkOrganizations = useFetched(clerkOrganizations, session.mode === 'clerk');
  if (person === null) return null;
  return (
    <Menu position="bottom-end" width={250} defaultOpened>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="sm"
          px={8}
          className={classes.who ?? ''}
          aria-label={`${person.name}, ${team?.name ?? 'no team'}: account and teams`}
          leftSection={<IconUserCircle size={20} aria-hidden />}
          loading={signOut.isPending || toTeam.isPending}
        >
          <span className={classes.whoName}>{team?.name ?? person.name}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {teams.length > 1 && (
          <>
            <Menu.Label>Work in</Menu.Label>
            {teams.map(({ id, name }) => (
              <Menu.Item
                key={id}
                leftSection={
                  id === team?.id ? (
                    <IconCheck size={16} aria-label="chosen" />
                  ) : (
                    <span style={{ width: 16, display: 'block' }} />
                  )
                }
                onClick={() => id !== team?.id && toTeam.mutate(id)}
              >
                {name}
              </Menu.Item>
            ))}
            <Menu.Divider />
          </>
        )}
        {ClerkOrganizations !== null && <ClerkOrganizations />}
        <Menu.Item component={Link} to="/team" leftSection={<IconUsers size={16} aria-hidden />}>
          {team?.personal === true ? 'Your own team' : 'The team'}
        </Menu.Item>
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={16} aria-hidden />}>
          Your account
        </Menu.Item>
        <Menu.Item component={Link} to="/notifications" leftSection={<IconBell size={16} aria-hidden />}>
          Notifications
        </Menu.Item>
        {may('people.manage') && (
          <>
            <Menu.Divider />
            <Menu.Label>The farm</Menu.Label>
            <Menu.Item component={Link} to="/farm/people" leftSection={<IconUserCog size={16} aria-hidden />}>
              People
            </Menu.Item>
            <Menu.Item
              component={Link}
              to="/farm/teams"
              leftSection={<IconUsersGroup size={16} aria-hidden />}
            >
              Teams and limits
            </Menu.Item>
            <Menu.Item
              component={Link}
              to="/farm/settings"
              leftSection={<IconSettings size={16} aria-hidden />}
            >
              Settings
            </Menu.Item>
            <Menu.Item component={Link} to="/farm/audit" leftSection={<IconHistory size={16} aria-hidden />}>
              Audit
            </Menu.Item>
          </>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
