import { ActionIcon } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useFetched } from '../components/use-fetched.ts';

// It is fetched when it is first wanted.
const palette = async () => (await import('./Palette.tsx')).Palette;

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Opens the palette: a button, and Ctrl-K on every page, in every field. */
export function Find() {
  const [opened, setOpened] = useState(false);
  const [wanted, setWanted] = useState(false);
  const Palette = useFetched(palette, wanted);
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
      {Palette !== null && <Palette opened={opened} onClose={() => setOpened(false)} />}
    </>
  );
}
