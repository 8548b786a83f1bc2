import { Button } from '@mantine/core';
import type { ArtifactList } from '@parallel-pilot/shared/api/chunks.ts';
import { IconDownload } from '@tabler/icons-react';
import { formatBytes, plural } from '../components/format.ts';
import classes from './Job.module.css';

export type Artifact = ArtifactList['artifacts'][number];

type DownloadsProps = {
  artifacts: readonly Artifact[];
  /** Those that most people want. */
  main: readonly Artifact[];
  labelOf(artifact: Artifact): string;
};

/** What there is to download of a job. */
export function Downloads({ artifacts, main, labelOf }: DownloadsProps) {
  return (
    <div className={classes.downloads}>
      {artifacts.map((artifact) => (
        <Button
          key={artifact.name}
          component="a"
          href={`${artifact.url}?download`}
          download
          variant={main.includes(artifact) ? 'filled' : 'default'}
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

/** Files that few want, folded. */
export function OtherDownloads({ artifacts }: { artifacts: readonly Artifact[] }) {
  if (artifacts.length === 0) return null;
  return (
    <details className={classes.others}>
      <summary>{plural(artifacts.length, 'other file')}</summary>
      <ul>
        {artifacts.map(({ name, url, size }) => (
          <li key={name}>
            <a href={`${url}?download`} download>
              {name}
            </a>
            {size !== null && <span>{formatBytes(size)}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
