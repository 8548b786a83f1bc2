import { Button, Group } from '@mantine/core';
import type { ChunkStates, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconDownload, IconRepeat } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { getSubmission } from '../../api/farm.ts';
import { Picture } from '../../components/Picture.tsx';
import { ChunkDrawer } from '../../job/ChunkDrawer.tsx';
import type { ChunkNames } from '../../job/chunk-names.ts';
import classes from '../../job/Drawer.module.css';
import { showProblem } from '../../job/job-command.ts';
import { renderOneFrame } from './again.ts';
import { frameAt } from './frame-names.ts';
import { frameDownloadUrl, previewUrl } from './frame-urls.ts';

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
          <Group gap={8}>
            <FrameAgain job={job} frame={frame} />
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

/** The frame once more, as a job of its own: this one and its video stay as they are. */
function FrameAgain({ job, frame }: { job: JobDetail; frame: number }) {
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: async () =>
      renderOneFrame(await getSubmission(job.id), frame, `${job.name}, frame ${frame} again`),
    onSuccess: (id) => navigate(`/jobs/${id}`),
    onError: showProblem,
  });
  return (
    <Button
      variant="default"
      leftSection={<IconRepeat size={16} aria-hidden />}
      loading={again.isPending}
      title="As a job of its own; this one stays as it is"
      onClick={() => again.mutate()}
    >
      Render it again
    </Button>
  );
}
