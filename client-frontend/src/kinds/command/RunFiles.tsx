import { mediaTypeOf } from '@parallel-pilot/shared/kinds/command/media-type.ts';
import type { RunList } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { formatBytes } from '../../components/format.ts';
import { isShown, type Showable, ShownFile, ShownFiles } from '../../job/ShownFiles.tsx';
import classes from './Command.module.css';
import { fileUrl, runsQuery } from './queries.ts';

type Run = RunList['runs'][number];

/** What a run left, as it can be shown. */
export const filesOf = (job: string, { run, files }: Run): Showable[] =>
  files.map(({ path, size }) => ({
    ...{ name: path, size, mediaType: mediaTypeOf(path) },
    url: fileUrl(job, run, path),
  }));

/** The files of the one run that a job has. */
export function OnlyRun({ job }: { job: string }) {
  const run = useInfiniteQuery(runsQuery(job)).data?.pages[0]?.runs[0];
  return run === undefined ? null : <ShownFiles files={filesOf(job, run)} />;
}

type NamesProps = { files: readonly Showable[]; opened: string | null; onOpen(name: string | null): void };

/** The files of a run by their names: one that can be looked at opens below, another one is downloaded. */
export const FileNames = ({ files, opened, onOpen }: NamesProps) =>
  files.map((file) =>
    isShown(file) ? (
      <button
        key={file.name}
        type="button"
        className={classes.file}
        aria-expanded={opened === file.name}
        title={formatBytes(file.size ?? 0)}
        onClick={() => onOpen(opened === file.name ? null : file.name)}
      >
        {file.name}
      </button>
    ) : (
      <a key={file.name} href={`${file.url}&download`} download title={formatBytes(file.size ?? 0)}>
        {file.name}
      </a>
    ),
  );

/** The file that is looked at, as wide as the table is seen. */
export const OpenedFile = ({ file, columns }: { file: Showable; columns: number }) => (
  <tr>
    <td colSpan={columns}>
      <div className={classes.shown}>
        <ShownFile file={file} />
        <p>
          <a href={`${file.url}&download`} download>
            Download {file.name} ({formatBytes(file.size ?? 0)})
          </a>
        </p>
      </div>
    </td>
  </tr>
);
