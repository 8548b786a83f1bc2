import { ActionIcon } from '@mantine/core';
import { IconDeviceDesktop } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { savesData, whenIdle } from './when-idle.ts';

const SchemeMenu = lazy(async () => ({ default: (await import('./SchemeMenu.tsx')).SchemeMenu }));

/** Light or dark. The menu, and all that menus take, comes once the page stands. */
export function SchemeSwitch() {
  const [wanted, setWanted] = useState(false);
  // A click that came before the menu was there opens it then.
  const [clicked, setClicked] = useState(false);
  useEffect(() => {
    if (!savesData()) whenIdle(() => setWanted(true));
  }, []);
  const still = (
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
  return wanted ? (
    <Suspense fallback={still}>
      <SchemeMenu opened={clicked} />
    </Suspense>
  ) : (
    still
  );
}
