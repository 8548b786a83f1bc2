import { ActionIcon } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';

// It is fetched when it is first wanted.
const Palette = lazy(async () => ({ default: (await import('./Palette.tsx')).Palette }));

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Opens the palette: a button, and Ctrl-K on every page, in every field. */
export function Find() {
  const [opened, setOpened] = useState(false);
  const [wanted, setWanted] = useState(false);
  const open = () => {
    setWanted(true);
    setOpened(true);
  };
  useHotkeys([['mod+K', open]], []);
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Find"
        title={MAC ? 'Find (⌘ K)' : 'Find (Ctrl K)'}
        aria-keyshortcuts="Control+K"
        onClick={open}
      >
        <IconSearch size={19} />
      </ActionIcon>
      {wanted && (
        <Suspense fallback={null}>
          <Palette opened={opened} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
