import { Button, Skeleton } from '@mantine/core';
import type { ArtifactList, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { thumbnailUrl } from '../../api/farm.ts';
import { artifactsQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { formatBytes } from '../../components/format.ts';
import { Picture } from '../../components/Picture.tsx';
import classes from './Job.module.css';

type Artifact = ArtifactList['artifacts'][number];

/** The video, and everything there is to download. */
export function Result({ job }: { job: JobDetail }) {
  const { data, error } = useQuery(artifactsQuery(job.id));
  const artifacts = data?.artifacts ?? [];
  const video = artifacts.find((artifact) => artifact.mediaType.startsWith('video/'));
  return (
    <section className={classes.result} aria-label="Result">
      <div className={classes.viewer}>
        {data === undefined && error === null && <Skeleton height="100%" radius={0} />}
        {video !== undefined && <Video job={job} video={video} />}
        {data !== undefined && video === undefined && job.newest !== null && (
          <Picture src={`${thumbnailUrl(job.id, job.newest)}?size=large`} alt="The newest frame" />
        )}
      </div>
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      <div className={classes.downloads}>
        {artifacts.map((artifact) => (
          <Button
            key={artifact.name}
            component="a"
            href={artifact.url}
            download={artifact.name}
            variant={artifact === video ? 'filled' : 'default'}
            leftSection={<IconDownload size={17} aria-hidden />}
          >
            {labelOf(artifact)}
          </Button>
        ))}
      </div>
    </section>
  );
}

function Video({ job, video }: { job: JobDetail; video: Artifact }) {
  const [unplayable, setUnplayable] = useState(false);
  if (unplayable) {
    return (
      <div className={classes.noFrame}>
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
      poster={job.newest === null ? undefined : `${thumbnailUrl(job.id, 0)}?size=large`}
      onError={() => setUnplayable(true)}
    />
  );
}

function labelOf({ name, mediaType, size }: Artifact): string {
  const what = mediaType.startsWith('video/')
    ? 'Download video'
    : mediaType === 'application/zip'
      ? 'Download all frames'
      : `Download ${name}`;
  return size === null ? what : `${what} (${formatBytes(size)})`;
}
