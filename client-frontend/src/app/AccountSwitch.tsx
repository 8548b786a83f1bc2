import { Button } from '@mantine/core';
import { IconUserCircle } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../api/session.ts';
import { useFetched } from '../components/use-fetched.ts';
import classes from './Shell.module.css';

const accountMenu = async () => (await import('./AccountMenu.tsx')).AccountMenu;

/** Who one is here, and in which team; its menu comes with the first click. Nothing where no one has to sign in. */
export function AccountSwitch() {
  const session = useSession();
  const [wanted, setWanted] = useState(false);
  const AccountMenu = useFetched(accountMenu, wanted);
  if (session === undefined || session.mode === 'local' || session.person === null) return null;
  if (AccountMenu !== null) return <AccountMenu session={session} />;
  return (
    <Button
      variant="subtle"
      color="gray"
      size="sm"
      px={8}
      className={classes.who ?? ''}
      aria-label={`${session.person.name}, ${session.team?.name ?? 'no team'}: account and teams`}
      aria-haspopup="menu"
      leftSection={<IconUserCircle size={20} aria-hidden />}
      loading={wanted}
      onClick={() => setWanted(true)}
    >
      <span className={classes.whoName}>{session.team?.name ?? session.person.name}</span>
    </Button>
  );
}
