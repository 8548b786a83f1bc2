import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { createOnce } from './create-once.ts';
import { creationRefusal } from './creation-refusal.ts';
import { sentenceOf, UnreachableError } from './request.ts';
import { type FileOnItsWay, Refusal, sendFile } from './send-file.ts';
import { rememberSource } from './sources.ts';
import {
  type GivenFile,
  type Named,
  namedOf,
  type Sources,
  type SubmissionState,
  sourcesOf,
} from './submission-state.ts';
import { addSample, type Sample, speedOf } from './upload-speed.ts';

/** Builds the jobs to create for stored files; `main` is the file chosen in an archive. */
export type DescribeJobs = (sources: Sources, main?: string) => CreateJob[];

/**
 * The files of the one job that is on its way to the farm. It lives outside the
 * pages, so an upload goes on while the user looks at other jobs.
 */
export class Submission {
  #state: SubmissionState = { phase: 'idle' };
  #listeners = new Set<() => void>();
  #kind = '';
  #files: readonly GivenFile[] = [];
  /** Blobs of files that were brought in before, so that adding one to them sends only that one. */
  #blobs = new WeakMap<File, string>();
  #describe: DescribeJobs | null = null;
  /** Jobs created so far of those described, in their order. */
  #created: string[] = [];
  #upload: FileOnItsWay | null = null;
  #samples: Sample[] = [];
  /** Bytes sent when it was told last what is in the way; null while nothing is. */
  #stuckAt: number | null = null;
  readonly #pauseMs: number;
  #placement: Pick<CreateJob, 'placement' | 'asked'> = {};
  #due: Pick<CreateJob, 'deadline'> = {};
  /** Counts the submissions; a late answer for an earlier one is dropped. */
  #turn = 0;

  /** `pauseMs` lies between two tries while the farm does not answer. */
  constructor(pauseMs = 2_000) {
    this.#pauseMs = pauseMs;
  }

  readonly get = (): SubmissionState => this.#state;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The files on their way. */
  files = (): readonly GivenFile[] => this.#files;

  /** Takes files and brings them in, in place of those on their way. Without `describe` they then wait for `submit`. */
  start(kind: string, files: readonly GivenFile[], describe: DescribeJobs | null): void {
    this.reset();
    this.#kind = kind;
    this.#files = files;
    this.#describe = describe;
    void this.#bringIn(this.#turn);
  }

  /** Files that the farm has already, in place of those on their way. They wait for `submit`. */
  startStored(
    kind: string,
    files: readonly { part: string; name: string; size: number; blob: string }[],
  ): void {
    this.reset();
    this.#kind = kind;
    this.#files = files.map(({ part, name, size, blob }) => {
      // Nobody reads it: its blob is known.
      const file = Object.defineProperty(new File([], name), 'size', { value: size });
      this.#blobs.set(file, blob);
      return { part, file };
    });
    void this.#bringIn(this.#turn);
  }

  /** Which workers its jobs ask for, from now on. */
  place(placement: Pick<CreateJob, 'placement' | 'asked'>): void {
    this.#placement = placement;
  }

  /** By when its jobs should be done, from now on (ms since 1970); null for no matter when. */
  dueBy(deadline: number | null): void {
    this.#due = deadline === null ? {} : { deadline };
  }

  /** Says what to make of the files: at once where they are there, else as soon as they are. */
  submit(describe: DescribeJobs): void {
    this.#describe = describe;
    this.#created = [];
    const { phase } = this.#state;
    if (phase === 'stored' || phase === 'refused') this.retry();
    else if (phase !== 'idle') this.#set({ ...this.#state });
  }

  /** Takes back what was said, as long as the files are not there. */
  withdraw(): void {
    const { phase } = this.#state;
    if (phase !== 'checking' && phase !== 'uploading') return;
    this.#describe = null;
    this.#set({ ...this.#state });
  }

  /** True once it is said what to make of the files. */
  readonly submitted = (): boolean => this.#describe !== null;

  pause(): void {
    if (this.#state.phase !== 'uploading') return;
    this.#upload?.pause();
    this.#set({ ...this.#state, paused: true, speed: null, trouble: null });
  }

  resume(): void {
    if (this.#state.phase !== 'uploading') return;
    this.#samples = [];
    this.#upload?.resume();
    this.#set({ ...this.#state, paused: false });
  }

  choose(main: string): void {
    void this.#create(this.#turn, main);
  }

  retry(): void {
    if (this.#files.length > 0) void this.#bringIn(this.#turn);
  }

  reset(): void {
    this.#turn += 1;
    this.#upload?.pause();
    this.#upload = null;
    this.#files = [];
    this.#describe = null;
    this.#created = [];
    this.#samples = [];
    this.#set({ phase: 'idle' });
  }

  async #bringIn(turn: number): Promise<void> {
    try {
      while (!(await this.#storeAll(turn))) {
        if (turn !== this.#turn) return;
        this.#set({ phase: 'checking', ...this.#named(), away: true });
        await this.#pause();
      }
      if (turn !== this.#turn) return;
    } catch (error) {
      this.#refuse(turn, error instanceof Refusal ? error.message : sentenceOf(error), true, false);
      return;
    }
    if (this.#describe === null) this.#set({ phase: 'stored', ...this.#named() });
    else await this.#create(turn);
  }

  /** False when the farm was not reached, and it is to be tried again. */
  async #storeAll(turn: number): Promise<boolean> {
    let before = 0;
    try {
      for (const { file } of this.#files) {
        if (!this.#blobs.has(file)) {
          const blob = await this.#store(file, before, turn);
          if (turn !== this.#turn) return true;
          this.#blobs.set(file, blob);
        }
        before += file.size;
      }
      return true;
    } catch (error) {
      if (error instanceof UnreachableError) return false;
      throw error;
    }
  }

  readonly #pause = () => new Promise<void>((resolve) => setTimeout(resolve, this.#pauseMs));

  /** The blob of a file, sent if the farm does not hold it. `before` are the bytes of the files before it. */
  #store(file: File, before: number, turn: number): Promise<string> {
    this.#set({ phase: 'checking', ...this.#named(), away: false });
    const begun = { sent: before, speed: null, paused: false, trouble: null };
    this.#upload = sendFile(file, {
      onStart: () => {
        if (turn === this.#turn) this.#set({ phase: 'uploading', ...this.#named(), ...begun });
      },
      onProgress: (sent) => this.#progress(turn, before + sent),
      onTrouble: (trouble) => this.#trouble(turn, trouble),
    });
    return this.#upload.blob;
  }

  #trouble(turn: number, trouble: string): void {
    if (turn !== this.#turn || this.#state.phase !== 'uploading') return;
    this.#samples = [];
    this.#stuckAt = this.#state.sent;
    this.#set({ ...this.#state, trouble, speed: null });
  }

  #progress(turn: number, sent: number): void {
    if (turn !== this.#turn || this.#state.phase !== 'uploading' || this.#state.paused) return;
    this.#samples = addSample(this.#samples, { at: performance.now(), sent });
    // What is sent again up to where it was stuck is no sign yet that the farm takes it now.
    if (this.#stuckAt !== null && sent > this.#stuckAt) this.#stuckAt = null;
    const trouble = this.#stuckAt === null ? null : this.#state.trouble;
    this.#set({ ...this.#state, sent, speed: speedOf(this.#samples), trouble });
  }

  async #create(turn: number, main?: string): Promise<void> {
    if (this.#describe === null) return;
    try {
      const wanted = this.#describe(sourcesOf(this.#files, this.#blobs), main).map((job) => ({
        ...job,
        ...this.#placement,
        ...this.#due,
      }));
      while (this.#created.length < wanted.length) {
        const done = this.#created.length;
        const next = wanted[done];
        if (next === undefined) break;
        const creating = { phase: 'creating', ...this.#named(), done, count: wanted.length } as const;
        this.#set({ ...creating, away: false });
        const job = await createOnce(next, {
          onAway: () => this.#set({ ...creating, away: true }),
          pause: this.#pause,
          wanted: () => turn === this.#turn,
        });
        if (job !== null) rememberSource(job, next);
        if (job === null || turn !== this.#turn) return;
        this.#created.push(job);
      }
      const several = wanted.some((job) => 'sweep' in job && job.sweep !== undefined);
      this.#set({ phase: 'created', ...this.#named(), jobs: this.#created, several });
    } catch (error) {
      if (turn === this.#turn) this.#notCreated(turn, error);
    }
  }

  #notCreated(turn: number, error: unknown): void {
    const { message, choices, gone, canRetry } = creationRefusal(error, this.#created.length);
    if (gone) this.#blobs = new WeakMap();
    if (choices.length > 0) this.#set({ phase: 'choosing', ...this.#named(), message, choices });
    else this.#refuse(turn, message, canRetry, true);
  }

  #refuse(turn: number, message: string, canRetry: boolean, stored: boolean): void {
    if (turn !== this.#turn || this.#files.length === 0) return;
    this.#set({ phase: 'refused', ...this.#named(), message, canRetry, stored });
  }

  #named(): Named {
    return namedOf(this.#kind, this.#files);
  }

  #set(state: SubmissionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
