import { ActionIcon } from '@mantine/core';
import { IconDeviceDesktop } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useFetched } from '../components/use-fetched.ts';
import { savesData, whenIdle } from './when-idle.ts';

const schemeMenu = async () => (await import('./SchemeMenu.tsx')).SchemeMenu;

/** Light or dark. The menu, and all that menus take, comes once the page stands. */
export function SchemeSwitch() {
  const [wanted, setWanted] = useState(false);
  // A click that came before the menu was there opens it then.
  const [clicked, setClicked] = useState(false);
  useEffect(() => {
    if (!savesData()) whenIdle(() => setWanted(true));
  }, []);
  const SchemeMenu = useFetched(schemeMenu, wanted);
  if (SchemeMenu !== null) return <SchemeMenu opened={clicked} />;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label="Light or dark"
      onClick={() => {
        setClicked(true);
        setWanted(true);
      }}
    >
      <IconDeviceDesktop size={19} />
    </ActionIcon>
  );
}
