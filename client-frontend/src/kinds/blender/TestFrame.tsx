import { Button } from '@mantine/core';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { getSubmission } from '../../api/get-submission.ts';
import { chunkQuery } from '../../api/job-queries.ts';
import { jobQuery, workersQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import classes from '../../components/Form.module.css';
import { formatDuration, formatEta, plural } from '../../components/format.ts';
import { Picture } from '../../components/Picture.tsx';
import { renderOneFrame } from './again.ts';
import { type FormValues, problemsOf } from './form-values.ts';
import { previewUrl } from './frame-urls.ts';

type TestFrameProps = { job: string; name: string; values: FormValues };

/** The frame in the middle, rendered with these settings as a job of its own: how it looks, and how long all would take. */
export function TestFrame({ job, name, values }: TestFrameProps) {
  const frames = parseFrames(values.frames);
  const count = frames.ok ? frames.frames.length : 0;
  const frame = frames.ok ? frames.frames[Math.floor(count / 2)] : undefined;
  const test = useMutation({
    mutationFn: async (one: number) => ({
      frame: one,
      id: await renderOneFrame(await getSubmission(job), one, `${name}, test frame`, values),
    }),
  });
  const wrong = frame === undefined || Object.keys(problemsOf(values)).length > 0;
  return (
    <div className={classes.test}>
      <Button
        variant="default"
        loading={test.isPending}
        disabled={wrong}
        onClick={() => frame !== undefined && test.mutate(frame)}
      >
        {frame === undefined ? 'Test frame' : `Test frame ${frame}`}
      </Button>
      {test.error !== null && <p role="alert">{sentenceOf(test.error)}</p>}
      {test.data !== undefined && <Tested {...test.data} count={count} />}
    </div>
  );
}

const ASK_MS = 1_000;

function Tested({ id, frame, count }: { id: string; frame: number; count: number }) {
  const { data: job } = useQuery({
    ...jobQuery(id),
    refetchInterval: ({ state: { data } }) => (data !== undefined && isOver(data.state) ? false : ASK_MS),
  });
  const done = job?.state === 'completed';
  const chunk = useQuery({ ...chunkQuery(id, 0), enabled: done }).data;
  const workers = useQuery(workersQuery()).data?.workers.filter(({ status }) => status === 'online') ?? [];
  if (job === undefined || !isOver(job.state)) {
    return (
      <p role="status">
        Frame {frame} is being rendered. <Link to={`/jobs/${id}`}>Look at it.</Link>
      </p>
    );
  }
  if (!done) return <p role="alert">{job.problem?.message ?? 'The test frame was canceled.'}</p>;
  const took = chunk?.startedAt && chunk.finishedAt ? chunk.finishedAt - chunk.startedAt : null;
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  return (
    <>
      <Link to={`/jobs/${id}`} className={classes.tested}>
        <Picture src={previewUrl(id, frame)} alt={`Frame ${frame} as a test`} />
      </Link>
      {took !== null && (
        <p role="status">
          Frame {frame} took {formatDuration(took)}.
          {slots > 0 &&
            ` All ${plural(count, 'frame')} on ${plural(workers.length, 'worker')}: about ${formatEta((took * count) / slots / 1_000)}.`}
        </p>
      )}
    </>
  );
}
