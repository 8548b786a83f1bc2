import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { chunkStatesQuery } from '../../api/job-queries.ts';
import classes from '../../job/Job.module.css';
import { frameAt, frameName } from './frame-names.ts';
import { previewUrl } from './frame-urls.ts';
import { SteadyPicture } from './SteadyPicture.tsx';

/** The frame that was finished last, large. */
export function NewestFrame({ job, onOpen }: { job: JobDetail; onOpen(ordinal: number): void }) {
  const { newest } = job;
  const states = useQuery(chunkStatesQuery(job.id)).data;
  const frame = newest === null ? null : frameAt(states, newest);
  if (newest === null || frame === null) {
    return (
      <div className={classes.viewer}>
        <div className={classes.noPicture}>
          {(newest === null || states?.numbers === null) &&
            (isOver(job.state) ? 'No frame was finished.' : 'The first finished frame appears here.')}
        </div>
      </div>
    );
  }
  const name = frameName(states, newest);
  return (
    <button
      type="button"
      className={classes.viewer}
      onClick={() => onOpen(newest)}
      aria-label={`Newest frame, ${name}: open it`}
    >
      <SteadyPicture src={previewUrl(job.id, frame)} alt={`${name} as it was rendered`} />
      <span className={classes.caption}>{name}</span>
    </button>
  );
}
