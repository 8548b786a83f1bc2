import { Button, Group } from '@mantine/core';
import { IconGridDots, IconLayersDifference, IconPlayerPlay } from '@tabler/icons-react';
import type { Look } from './opened-look.ts';

/** The ways to look at what is finished, also while the rest is being rendered. */
export function LookButtons({ done, onLook }: { done: number; onLook(look: Look): void }) {
  if (done === 0) return null;
  return (
    <Group gap={8} mb="md">
      {done > 1 && (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlayerPlay size={15} aria-hidden />}
          data-look="play"
          onClick={() => onLook('play')}
        >
          Play frames
        </Button>
      )}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconLayersDifference size={15} aria-hidden />}
        data-look="compare"
        onClick={() => onLook('compare')}
      >
        {done > 1 ? 'Zoom and compare' : 'Zoom'}
      </Button>
      {done > 1 && (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconGridDots size={15} aria-hidden />}
          data-look="sheet"
          onClick={() => onLook('sheet')}
        >
          Contact sheet
        </Button>
      )}
    </Group>
  );
}
