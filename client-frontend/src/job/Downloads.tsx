import { Button } from '@mantine/core';
import type { ArtifactList } from '@parallel-pilot/shared/api/jobs.ts';
import { IconDownload } from '@tabler/icons-react';
import { formatBytes } from '../components/format.ts';
import classes from './Job.module.css';

export type Artifact = ArtifactList['artifacts'][number];

type DownloadsProps = {
  artifacts: readonly Artifact[];
  /** The one that most people want. */
  main: Artifact | undefined;
  labelOf(artifact: Artifact): string;
};

/** Everything there is to download of a job. */
export function Downloads({ artifacts, main, labelOf }: DownloadsProps) {
  return (
    <div className={classes.downloads}>
      {artifacts.map((artifact) => (
        <Button
          key={artifact.name}
          component="a"
          href={`${artifact.url}?download`}
          download
          variant={artifact === main ? 'filled' : 'default'}
          leftSection={<IconDownload size={17} aria-hidden />}
        >
          {artifact.size === null
            ? labelOf(artifact)
            : `${labelOf(artifact)} (${formatBytes(artifact.size)})`}
        </Button>
      ))}
    </div>
  );
}
