export type Named = {
  kind: string;
  files: { part: string; name: string; size: number }[];
  /** The names together: "train.py and digits.npz". */
  fileName: string;
  /** The sizes together. */
  size: number;
};
/** Where the files that the user gave stand on their way to becoming a job. */
export type SubmissionState =
  | { phase: 'idle' }
  | ({ phase: 'checking' } & Named)
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
  | ({ phase: 'creating'; done: number; count: number } & Named)
  /** The archive holds several .blend files. */
  | ({ phase: 'choosing'; message: string; choices: string[] } & Named)
  /** `stored`: the files are there, and it is the job that was refused. */
  | ({ phase: 'refused'; message: string; canRetry: boolean; stored: boolean } & Named)
  | ({ phase: 'created'; jobs: string[] } & Named);
