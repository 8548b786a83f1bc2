/** A file and the part it plays in the job. */
export type GivenFile = { part: string; file: File };

/** Stored files by the part they play in the job. */
export type Sources = Record<string, { blob: string; fileName: string }>;

export type Named = {
  kind: string;
  files: { part: string; name: string; size: number }[];
  /** The names together: "digits.py and digits.csv". */
  fileName: string;
  /** The sizes together. */
  size: number;
};
/** Where the files that the user gave stand on their way to becoming a job. */
export type SubmissionState =
  | { phase: 'idle' }
  /** `away`: the farm does not answer, and is asked again. */
  | ({ phase: 'checking'; away: boolean } & Named)
  | ({
      phase: 'uploading';
      sent: number;
      /** Bytes per second; null at first. */
      speed: number | null;
      paused: boolean;
      /** Why it waits, while the farm cannot take it and is tried again. */
      trouble: string | null;
    } & Named)
  /** The files are there, and nobody has said yet what to make of them. */
  | ({ phase: 'stored' } & Named)
  | ({ phase: 'creating'; done: number; count: number; away: boolean } & Named)
  /** The archive holds several files that could be meant. */
  | ({ phase: 'choosing'; message: string; choices: string[] } & Named)
  /** `stored`: the files are there, and it is the job that was refused. */
  | ({ phase: 'refused'; message: string; canRetry: boolean; stored: boolean } & Named)
  /** `several`: the farm has made more of them than were described, in one group. */
  | ({ phase: 'created'; jobs: string[]; several: boolean } & Named);

export function namedOf(kind: string, given: readonly GivenFile[]): Named {
  const files = given.map(({ part, file }) => ({ part, name: file.name, size: file.size }));
  return {
    kind,
    files,
    fileName: files.map(({ name }) => name).join(' and '),
    size: files.reduce((sum, { size }) => sum + size, 0),
  };
}

export const sourcesOf = (given: readonly GivenFile[], blobs: WeakMap<File, string>): Sources =>
  Object.fromEntries(
    given.map(({ part, file }) => [part, { blob: blobs.get(file) ?? '', fileName: file.name }]),
  );
