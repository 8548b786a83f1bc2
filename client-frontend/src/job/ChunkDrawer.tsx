import { ActionIcon, Drawer, Group } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import { statusOfLetter } from '@parallel-pilot/shared/api/job-patch.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { chunkQuery } from '../api/job-queries.ts';
import { sentenceOf } from '../api/request.ts';
import { formatCount } from '../components/format.ts';
import { keepFocus } from '../components/keep-focus.ts';
import { Attempts } from './Attempts.tsx';
import { type ChunkNames, chunkWord } from './chunk-names.ts';
import classes from './Drawer.module.css';
import { UnderWay } from './UnderWay.tsx';

type ChunkDrawerProps = {
  job: JobDetail;
  states: ChunkStates;
  names: ChunkNames;
  /** The open chunk; null while the drawer is shut. */
  opened: number | null;
  onOpen(ordinal: number | null): void;
  /** What the kind shows of a chunk above its attempts. */
  top?(ordinal: number, status: ChunkStatus): ReactNode;
  /** What may be done with a chunk. */
  action?(ordinal: number, status: ChunkStatus): ReactNode;
};

/** One chunk: what became of it, and every attempt with its log. */
export function ChunkDrawer(props: ChunkDrawerProps) {
  const { states, names, onOpen } = props;
  const opened = props.opened !== null && props.opened < states.states.length ? props.opened : null;
  // While the drawer slides away it still shows what it showed.
  const [last, setLast] = useState(opened);
  if (opened !== null && opened !== last) setLast(opened);
  const ordinal = opened ?? last;
  const status = statusOfLetter(states.states[ordinal ?? 0] ?? 'q');
  return (
    <Drawer
      opened={opened !== null}
      onClose={() => onOpen(null)}
      onExitTransitionEnd={() =>
        keepFocus(document.querySelector<HTMLElement>(`[data-ordinal="${ordinal}"]`))
      }
      position="right"
      size={680}
      title={
        ordinal !== null && (
          <span className={classes.title}>
            {names.nameOf(ordinal)} <em data-s={status}>{chunkWord(status, names)}</em>
          </span>
        )
      }
      closeButtonProps={{ 'aria-label': `Close the ${names.one}` }}
      transitionProps={{ duration: 140 }}
      overlayProps={{ backgroundOpacity: 0.35 }}
    >
      {ordinal !== null && <OpenChunk {...props} ordinal={ordinal} status={status} />}
    </Drawer>
  );
}

type OpenChunkProps = ChunkDrawerProps & { ordinal: number; status: ChunkStatus };

function OpenChunk({ job, states, names, ordinal, status, onOpen, top, action }: OpenChunkProps) {
  const count = states.states.length;
  const chunk = useQuery(chunkQuery(job.id, ordinal));
  const progress = status === 'running' ? job.progress.find((one) => one.ordinal === ordinal) : undefined;
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
      {top?.(ordinal, status)}
      <Group justify="space-between" my="md">
        <Group gap={6}>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`Previous ${names.one}`}
            disabled={ordinal === 0}
            onClick={() => step(-1)}
          >
            <IconChevronLeft size={18} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`Next ${names.one}`}
            disabled={ordinal >= count - 1}
            onClick={() => step(1)}
          >
            <IconChevronRight size={18} />
          </ActionIcon>
          <span className={classes.hint}>
            {formatCount(ordinal + 1)} of {formatCount(count)}
          </span>
        </Group>
        {action?.(ordinal, status)}
      </Group>
      {chunk.error !== null && <p role="alert">{sentenceOf(chunk.error)}</p>}
      {progress !== undefined && <UnderWay progress={progress} chunk={chunk.data} />}
      {chunk.data !== undefined && <Attempts chunk={chunk.data} />}
    </>
  );
}
