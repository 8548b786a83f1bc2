/** What keeps this worker's children in: found out once at start, by `detectSandbox`. */
export type Sandbox = (
  | { level: 'bubblewrap'; host: Host }
  /** `reason` is a sentence for the person who runs the worker. */
  | { level: 'none'; reason: string }
) & {
  /** What counts and limits the memory of children, where the system lets this process have it; else it is watched. */
  groups?: ControlGroups;
};

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
  /** Refuses system calls that no job needs, see `systemCallFilter`; null where there is none. */
  filter: Uint8Array | null;
  /** Lists of all keys of this machine, which are hidden. */
  keyLists: readonly string[];
  /** A program and arguments that cut what is started off from what the worker inherited, see `cutOff`; null without Perl. */
  cutOff: readonly string[] | null;
  /** Whether RLIMIT_NPROC means the processes of one sandbox; otherwise they are counted by watching alone. */
  countsProcesses: boolean;
  /** How many files, pipes and sockets one process may have open. */
  openFiles: number;
  /** Folders that no child may see as a side effect of where its program lies. */
  hidden: readonly string[];
  cpus: number;
};

/** Sizes in bytes. What is over one of them ends the child whole. */
export type Limits = {
  /**
   * Of all processes of the child together, pages of files that can be read again left out. It may change while
   * the child runs: who shares a machine with others hands over a getter.
   */
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

/**
 * The folders of one child process: `in` for its inputs, which it cannot
 * write, and `work` for its results. One process has one workspace, so a
 * process that was started before its job was known sees that job's files
 * alone. Without a sandbox the same folders are used, and nothing enforces it.
 */
export type Workspace = {
  /** Where the folders are on this machine. */
  readonly folders: {
    readonly in: string;
    readonly work: string;
    readonly tmp: string;
    readonly shm: string;
  };
  /** Where the child finds them. */
  readonly inside: { readonly in: string; readonly work: string; readonly tmp: string };
  /** The user that the child runs as, or null when that is the worker's own. */
  readonly uid: number | null;
  /** Links a folder's files into `in` under their relative paths (copies them where they cannot be linked). Once. */
  fill(inputs: string): Promise<void>;
  /** The same for one file, under the name `name`; at any time. */
  give(file: string, name: string): Promise<void>;
  /**
   * Copies a file that the child left in `work` to `target`. Only ever what is
   * a plain file: a link may point at anything on this machine. A copy, since
   * a child that lives on could change the file after it was looked at.
   */
  take(name: string, target: string, maxBytes: number): Promise<Taken>;
  /** The same, but a small file is handed over in memory and not written to `target`. */
  load(name: string, target: string, maxBytes: number): Promise<Loaded>;
  /** Moves such a file instead, which costs nothing for a large one. After the child has ended. */
  move(name: string, target: string): Promise<Taken>;
  /**
   * A small file in memory, a large one moved, out of a child that lives on. For files that nothing is decided by here,
   * and whose bytes are compared with their hash wherever they come to: a child may have one open still.
   */
  claim(name: string, target: string, maxBytes: number): Promise<Loaded>;
  /** Removes what the child left in `work` under that name, unless it is a folder. */
  discard(name: string): Promise<void>;
  /** Removes all of it; after the child has ended. */
  remove(): Promise<void>;
};

export type Taken =
  | { ok: true; bytes: number }
  /** `message` is a sentence for the owner of the job. */
  | { ok: false; reason: 'absent' | 'no-file' | 'too-large'; message: string };

/** `held` is the file itself, or null where it was large and lies at its target now. */
export type Loaded = { ok: true; bytes: number; held: Buffer | null } | (Taken & { ok: false });

/** What the kernel counts, and stops, of one child and all it starts; see cgroups(7). */
export type ControlGroup = {
  /** Files into which a process that is to be counted writes "0", before it does anything else. */
  readonly joins: readonly string[];
  /** By the ids that they have here. */
  processes(): number[];
  /** True once it wanted more memory than it may have. It does not get it: it is ended or stands still. */
  outOfMemory(): boolean;
  /** Processor time of all its processes so far, ended ones too, milliseconds; null where it is not counted. */
  cpuMs(): number | null;
  /** Changes what it may have. False when it has more already and cannot give it back. */
  limitMemory(bytes: number): boolean;
  /** Ends whatever is left in it, and removes it. */
  remove(): Promise<void>;
};

/** Makes control groups; which generation they are of is for people to know. */
export type ControlGroups = {
  readonly version: 'cgroup v2' | 'cgroup v1';
  /** Throws where the system refuses it. */
  make(limits: Limits): ControlGroup;
};
