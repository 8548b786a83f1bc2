import { Button, Group } from '@mantine/core';
import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconDownload, IconRepeat, IconZoomIn } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Picture } from '../../components/Picture.tsx';
import { ChunkDrawer } from '../../job/ChunkDrawer.tsx';
import type { ChunkNames } from '../../job/chunk-names.ts';
import classes from '../../job/Drawer.module.css';
import { showProblem } from '../../job/job-command.ts';
import { frameAt } from './frame-names.ts';
import { frameDownloadUrl, previewUrl, renderAgain } from './frame-urls.ts';

type FrameDrawerProps = {
  job: JobDetail;
  states: ChunkStates;
  names: ChunkNames;
  opened: number | null;
  onOpen(ordinal: number | null): void;
  /** The frame is to be looked at close up. */
  onLook(frame: number): void;
};

/** One frame: its image, what became of it, and every attempt with its log. */
export function FrameDrawer(props: FrameDrawerProps) {
  const { job, states, names, onLook } = props;
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
          <Group gap={8}>
            <Button
              variant="default"
              leftSection={<IconZoomIn size={16} aria-hidden />}
              onClick={() => onLook(frame)}
            >
              Zoom
            </Button>
            {job.state !== 'failed' && job.state !== 'canceled' && <FrameAgain job={job} ordinal={ordinal} />}
            <Button
              component="a"
              href={frameDownloadUrl(job.id, frame)}
              download
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              Download
            </Button>
          </Group>
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

/** The frame once more within its job, and what the job ends with anew. */
function FrameAgain({ job, ordinal }: { job: JobDetail; ordinal: number }) {
  const queries = useQueryClient();
  const again = useMutation({
    mutationFn: () => renderAgain(job.id, ordinal),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['job', job.id] }),
    onError: showProblem,
  });
  return (
    <Button
      variant="default"
      leftSection={<IconRepeat size={16} aria-hidden />}
      loading={again.isPending}
      title="In this job: its picture is replaced, and the video made anew"
      onClick={() => again.mutate()}
    >
      Render it again
    </Button>
  );
}
