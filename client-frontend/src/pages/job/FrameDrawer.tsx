import { ActionIcon, Button, Drawer, Group } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { ChunkStates, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconChevronLeft, IconChevronRight, IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { frameDownloadUrl, previewUrl } from '../../api/farm.ts';
import { chunkQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { formatCount } from '../../components/format.ts';
import { Picture } from '../../components/Picture.tsx';
import { statusOfLetter } from '../../live/job-patch.ts';
import { Attempts } from './Attempts.tsx';
import { chunkName, frameAt } from './chunk-name.ts';
import classes from './Drawer.module.css';
import { CHUNK_WORDS } from './GridLegend.tsx';

type FrameDrawerProps = {
  job: JobDetail;
  states: ChunkStates;
  ordinal: number;
  onOpen(ordinal: number | null): void;
};

/** One frame: its image, what became of it, and every attempt with its log. */
export function FrameDrawer({ job, states, ordinal, onOpen }: FrameDrawerProps) {
  const count = states.states.length;
  const status = statusOfLetter(states.states[ordinal] ?? 'q');
  const name = chunkName(states, ordinal);
  const frame = frameAt(states, ordinal);
  const chunk = useQuery(chunkQuery(job.id, ordinal));
  const step = (by: number) => {
    const to = ordinal + by;
    if (to >= 0 && to < count) onOpen(to);
  };
  useHotkeys([
    ['ArrowLeft', () => step(-1)],
    ['ArrowRight', () => step(1)],
  ]);
  return (
    <Drawer
      opened
      onClose={() => onOpen(null)}
      position="right"
      size={680}
      title={
        <span className={classes.title}>
          {name} <em data-s={status}>{CHUNK_WORDS[status]}</em>
        </span>
      }
      closeButtonProps={{ 'aria-label': 'Close the frame' }}
      transitionProps={{ duration: 140 }}
      overlayProps={{ backgroundOpacity: 0.35 }}
    >
      <div className={classes.picture}>
        {status === 'done' ? (
          <Picture
            key={ordinal}
            src={frame === null ? null : previewUrl(job.id, frame)}
            alt={`${name} as it was rendered`}
          />
        ) : (
          <p>{EXPECTED[status]}</p>
        )}
      </div>
      <Group justify="space-between" my="md">
        <Group gap={6}>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="Previous frame"
            disabled={ordinal === 0}
            onClick={() => step(-1)}
          >
            <IconChevronLeft size={18} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="Next frame"
            disabled={ordinal >= count - 1}
            onClick={() => step(1)}
          >
            <IconChevronRight size={18} />
          </ActionIcon>
          <span className={classes.hint}>
            {formatCount(ordinal + 1)} of {formatCount(count)}
          </span>
        </Group>
        {status === 'done' && frame !== null && (
          <Button
            component="a"
            href={frameDownloadUrl(job.id, frame)}
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Download
          </Button>
        )}
      </Group>
      {chunk.error !== null && <p role="alert">{sentenceOf(chunk.error)}</p>}
      {chunk.data !== undefined && <Attempts chunk={chunk.data} />}
    </Drawer>
  );
}

const EXPECTED = {
  queued: 'This frame waits for a worker.',
  leased: 'This frame is next on its worker.',
  running: 'This frame is being rendered now.',
  failed: 'This frame could not be rendered. Below is what each attempt said.',
  canceled: 'This frame was not rendered: the job was canceled.',
} as const;
