import { Button } from '@mantine/core';
import type { ChunkStates, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconDownload } from '@tabler/icons-react';
import { frameDownloadUrl, previewUrl } from '../../api/farm.ts';
import { Picture } from '../../components/Picture.tsx';
import { ChunkDrawer } from '../../job/ChunkDrawer.tsx';
import type { ChunkNames } from '../../job/chunk-names.ts';
import classes from '../../job/Drawer.module.css';
import { frameAt } from './frame-names.ts';

type FrameDrawerProps = {
  job: JobDetail;
  states: ChunkStates;
  names: ChunkNames;
  opened: number | null;
  onOpen(ordinal: number | null): void;
};

/** One frame: its image, what became of it, and every attempt with its log. */
export function FrameDrawer(props: FrameDrawerProps) {
  const { job, states, names } = props;
  return (
    <ChunkDrawer
      {...props}
      top={(ordinal, status) => {
        const frame = frameAt(states, ordinal);
        return (
          <div className={classes.picture}>
            {status === 'done' ? (
              <Picture
                key={ordinal}
                src={frame === null ? null : previewUrl(job.id, frame)}
                alt={`${names.nameOf(ordinal)} as it was rendered`}
              />
            ) : (
              <p>{EXPECTED[status]}</p>
            )}
          </div>
        );
      }}
      action={(ordinal, status) => {
        const frame = frameAt(states, ordinal);
        if (status !== 'done' || frame === null) return null;
        return (
          <Button
            component="a"
            href={frameDownloadUrl(job.id, frame)}
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Download
          </Button>
        );
      }}
    />
  );
}

const EXPECTED = {
  queued: 'This frame waits for a worker.',
  leased: 'This frame is next on its worker.',
  running: 'This frame is being rendered now.',
  failed: 'This frame could not be rendered. Below is what each attempt said.',
  canceled: 'This frame was not rendered: the job was canceled.',
} as const;
