import type { Workspace } from './workspace.ts';

/** What keeps this worker's children in: found out once at start, by `detectSandbox`. */
export type Sandbox =
  | { level: 'bubblewrap'; host: Host }
  /** `reason` is a sentence for the person who runs the worker. */
  | { level: 'none'; reason: string };

/** What this machine has to build a sandbox of; all paths are absolute and exist. */
export type Host = {
  bwrap: string;
  prlimit: string;
  /** Set when the worker is root: its children then become users of their own. */
  setpriv: string | null;
  /** Links of the top folder, such as `/lib` to `usr/lib`. */
  links: Readonly<Record<string, string>>;
  /** The read-only system that every child sees. */
  system: readonly string[];
  /** GPU devices, and the groups that may open them. */
  devices: readonly string[];
  deviceGroups: readonly number[];
  /** False for a bubblewrap older than 0.8. */
  canDisableUserNamespaces: boolean;
  /** Whether RLIMIT_NPROC means the processes of one sandbox; otherwise they are counted by watching alone. */
  countsProcesses: boolean;
  /** Folders that no child may see as a side effect of where its program lies. */
  hidden: readonly string[];
  cpus: number;
};

/** Sizes in bytes. What is over one of them ends the child whole. */
export type Limits = {
  /** Resident, of all processes of the child together. */
  memoryBytes: number;
  /** Processes and threads. */
  processes: number;
  /** One file. */
  fileBytes: number;
  /** All files of the child together. */
  diskBytes: number;
  /** How many files and folders. */
  files: number;
  /** From start to end, milliseconds; left out for a child that is kept warm. */
  wallMs?: number;
};

/** Everything about what one child may see and use. */
export type Confinement = {
  sandbox: Sandbox;
  /** The child's own folders. Two jobs never share one. */
  workspace: Workspace;
  /** Further files and folders that the child sees, read-only and under the same path, such as a kind's own scripts. */
  read: readonly string[];
  limits: Limits;
};
