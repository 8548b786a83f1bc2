import { ActionIcon, Button, Drawer, Group } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { ChunkStates, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconChevronLeft, IconChevronRight, IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
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
  /** The open chunk; null while the drawer is shut. */
  opened: number | null;
  onOpen(ordinal: number | null): void;
};

/** One frame: its image, what became of it, and every attempt with its log. */
export function FrameDrawer({ job, states, opened, onOpen }: FrameDrawerProps) {
  // While the drawer slides away it still shows what it showed.
  const [last, setLast] = useState(opened);
  if (opened !== null && opened !== last) setLast(opened);
  const ordinal = opened ?? last;
  const status = statusOfLetter(states.states[ordinal ?? 0] ?? 'q');
  return (
    <Drawer
      opened={opened !== null}
      onClose={() => onOpen(null)}
      position="right"
      size={680}
      title={
        ordinal !== null && (
          <span className={classes.title}>
            {chunkName(states, ordinal)} <em data-s={status}>{CHUNK_WORDS[status]}</em>
          </span>
        )
      }
      closeButtonProps={{ 'aria-label': 'Close the frame' }}
      transitionProps={{ duration: 140 }}
      overlayProps={{ backgroundOpacity: 0.35 }}
    >
      {ordinal !== null && <OpenFrame job={job} states={states} ordinal={ordinal} onOpen={onOpen} />}
    </Drawer>
  );
}

type OpenFrameProps = Omit<FrameDrawerProps, 'opened'> & { ordinal: number };

function OpenFrame({ job, states, ordinal, onOpen }: OpenFrameProps) {
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
    <>
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
    </>
  );
}

const EXPECTED = {
  queued: 'This frame waits for a worker.',
  leased: 'This frame is next on its worker.',
  running: 'This frame is being rendered now.',
  failed: 'This frame could not be rendered. Below is what each attempt said.',
  canceled: 'This frame was not rendered: the job was canceled.',
} as const;
