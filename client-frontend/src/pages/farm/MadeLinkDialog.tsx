import { Modal } from '@mantine/core';
import type { MadeLink } from '@parallel-pilot/shared/api/people.ts';
import { Secret } from '../people/Secret.tsx';

type MadeLinkDialogProps = { title: string; made: MadeLink | null; onClose(): void };

/** A link to be handed over, shown this once. */
export function MadeLinkDialog({ title, made, onClose }: MadeLinkDialogProps) {
  return (
    <Modal opened={made !== null} onClose={onClose} title={title} centered>
      {made !== null && (
        <Secret
          text={
            made.mailed
              ? 'It is on its way by e-mail. This is its link, shown this once:'
              : 'Hand this link over. It is good for one person, and shown this once:'
          }
          value={made.url}
        />
      )}
    </Modal>
  );
}
