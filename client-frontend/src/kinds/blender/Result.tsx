import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { artifactsQuery, chunkStatesQuery } from '../../api/job-queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { type Artifact, Downloads } from '../../job/Downloads.tsx';
import classes from '../../job/Job.module.css';
import { frameAt } from './frame-names.ts';
import { previewUrl } from './frame-urls.ts';
import { NewestFrame } from './NewestFrame.tsx';

/** What came of a job that is over: the video where there is one, and everything there is to download. */
export function Result({ job, onOpen }: { job: JobDetail; onOpen(ordinal: number): void }) {
  const { data, error } = useQuery(artifactsQuery(job.id));
  const artifacts = data?.artifacts ?? [];
  const video = artifacts.find((artifact) => artifact.mediaType.startsWith('video/'));
  return (
    <section className={classes.result} aria-label="Result">
      {video === undefined ? (
        <NewestFrame job={job} onOpen={onOpen} />
      ) : (
        <div className={classes.viewer}>
          <Video job={job} video={video} />
        </div>
      )}
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      <Downloads artifacts={artifacts} main={video === undefined ? [] : [video]} labelOf={labelOf} />
    </section>
  );
}

function Video({ job, video }: { job: JobDetail; video: Artifact }) {
  const [unplayable, setUnplayable] = useState(false);
  const frame = frameAt(useQuery(chunkStatesQuery(job.id)).data, 0);
  if (unplayable) {
    return (
      <div className={classes.noPicture}>
        This browser cannot play {video.name}. Download it to watch it in your player or editor.
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: a rendered animation has no speech
    <video
      key={video.url}
      className={classes.video}
      src={video.url}
      controls
      loop
      playsInline
      preload="metadata"
      aria-label={`Video of ${job.name}`}
      poster={frame === null ? undefined : previewUrl(job.id, frame)}
      onError={() => setUnplayable(true)}
    />
  );
}

function labelOf({ name, mediaType }: Artifact): string {
  if (mediaType.startsWith('video/')) return 'Download video';
  if (name === 'all.zip') return 'Everything, as a zip';
  return name === 'frames.zip' ? 'Download all frames' : `Download ${name}`;
}
