import { Button } from '@mantine/core';
import type { ArtifactList, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { previewUrl } from '../../api/farm.ts';
import { artifactsQuery, chunkStatesQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { formatBytes } from '../../components/format.ts';
import { frameAt } from './chunk-name.ts';
import classes from './Job.module.css';
import { NewestFrame } from './NewestFrame.tsx';

type Artifact = ArtifactList['artifacts'][number];

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
      <div className={classes.downloads}>
        {artifacts.map((artifact) => (
          <Button
            key={artifact.name}
            component="a"
            href={`${artifact.url}?download`}
            download
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
  const frame = frameAt(useQuery(chunkStatesQuery(job.id)).data, 0);
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
      poster={frame === null ? undefined : previewUrl(job.id, frame)}
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
