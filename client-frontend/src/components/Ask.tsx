import { Button, Group, Modal, Text } from '@mantine/core';
import type { RefObject } from 'react';
import { keepFocus } from './keep-focus.ts';

type AskProps = {
  opened: boolean;
  title: string;
  text: string;
  /** What leaves all as it is. */
  keep: string;
  go: string;
  /** It is being done. */
  working?: boolean;
  /** Where the focus goes afterwards, when what opened this is gone. */
  returnTo?: RefObject<HTMLElement | null>;
  onClose(): void;
  onGo(): void;
};

/** Asks before something is done that cannot be taken back so easily. */
export function Ask({ opened, title, text, keep, go, working = false, returnTo, onClose, onGo }: AskProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      onExitTransitionEnd={() => keepFocus(returnTo?.current)}
    >
      <Text>{text}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          {keep}
        </Button>
        <Button color="berry" loading={working} onClick={onGo}>
          {go}
        </Button>
      </Group>
    </Modal>
  );
}
