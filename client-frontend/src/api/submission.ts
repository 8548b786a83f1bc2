import type { CreateJob } from '@parallel-pilot/shared/api/jobs.ts';
import { createJob } from './farm.ts';
import { ProblemError, sentenceOf } from './request.ts';
import { rememberSource } from './sources.ts';
import type { UploadHandle } from './upload.ts';
import { addSample, type Sample, speedOf } from './upload-speed.ts';

/** Builds the job to create for a stored file; `main` is the file chosen in an archive. */
export type DescribeJob = (source: { blob: string; fileName: string }, main?: string) => CreateJob;

type Named = { fileName: string; size: number };
/** Where the file that the user gave stands on its way to becoming a job. */
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
  | ({ phase: 'creating' } & Named)
  /** The archive holds several .blend files. */
  | ({ phase: 'choosing'; message: string; choices: string[] } & Named)
  | ({ phase: 'refused'; message: string; canRetry: boolean } & Named)
  | ({ phase: 'created'; job: string } & Named);

/**
 * The one file that is on its way to the farm. It lives outside the pages, so
 * an upload goes on while the user looks at other jobs.
 */
export class Submission {
  #state: SubmissionState = { phase: 'idle' };
  #listeners = new Set<() => void>();
  #file: File | null = null;
  #blob: string | null = null;
  #describe: DescribeJob | null = null;
  #upload: UploadHandle | null = null;
  #samples: Sample[] = [];
  /** Bytes sent when it was told last what is in the way; null while nothing is. */
  #stuckAt: number | null = null;
  /** Counts the files given; a late answer for an earlier one is dropped. */
  #turn = 0;

  readonly get = (): SubmissionState => this.#state;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes a file and brings it in. Replaces one that was on its way. */
  start(file: File, describe: DescribeJob): void {
    this.reset();
    this.#file = file;
    this.#describe = describe;
    void this.#bringIn(file, this.#turn);
  }

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
    if (this.#file === null) return;
    if (this.#blob === null) void this.#bringIn(this.#file, this.#turn);
    else void this.#create(this.#turn);
  }

  reset(): void {
    this.#turn += 1;
    this.#upload?.pause();
    this.#upload = null;
    this.#file = null;
    this.#blob = null;
    this.#samples = [];
    this.#set({ phase: 'idle' });
  }

  async #bringIn(file: File, turn: number): Promise<void> {
    this.#set({ phase: 'checking', ...named(file) });
    try {
      // Fetched with the first file: who looks at jobs needs nothing of it.
      const { hashIfCheap, startUpload, storedBlob } = await import('./upload.ts');
      const hash = await hashIfCheap(file);
      const present = hash !== null && (await storedBlob(hash));
      if (turn !== this.#turn) return;
      if (hash !== null && present) {
        this.#blob = hash;
        await this.#create(turn);
      } else {
        this.#send(file, turn, startUpload);
      }
    } catch (error) {
      this.#refuse(turn, sentenceOf(error), true);
    }
  }

  #send(file: File, turn: number, startUpload: StartUpload): void {
    this.#set({ phase: 'uploading', ...named(file), sent: 0, speed: null, paused: false, trouble: null });
    this.#upload = startUpload(file, {
      onProgress: (sent) => this.#progress(turn, sent),
      onTrouble: (trouble) => {
        if (turn !== this.#turn || this.#state.phase !== 'uploading') return;
        this.#samples = [];
        this.#stuckAt = this.#state.sent;
        this.#set({ ...this.#state, trouble, speed: null });
      },
      onStored: (blob) => {
        if (turn !== this.#turn) return;
        this.#blob = blob;
        void this.#create(turn);
      },
      onRefused: (message) => this.#refuse(turn, message, true),
    });
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
    const file = this.#file;
    const blob = this.#blob;
    if (file === null || blob === null || this.#describe === null) return;
    this.#set({ phase: 'creating', ...named(file) });
    try {
      const wanted = this.#describe({ blob, fileName: file.name }, main);
      const job = await createJob(wanted);
      rememberSource(job, wanted);
      if (turn === this.#turn) this.#set({ phase: 'created', ...named(file), job });
    } catch (error) {
      const problem = error instanceof ProblemError ? error.problem : null;
      const choices = problem?.choices;
      if (turn === this.#turn && choices !== undefined && choices.length > 0) {
        this.#set({ phase: 'choosing', ...named(file), message: sentenceOf(error), choices });
      } else {
        this.#refuse(turn, sentenceOf(error), problem === null || problem.status >= 500);
      }
    }
  }

  #refuse(turn: number, message: string, canRetry: boolean): void {
    if (turn !== this.#turn || this.#file === null) return;
    this.#set({ phase: 'refused', ...named(this.#file), message, canRetry });
  }

  #set(state: SubmissionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

type StartUpload = typeof import('./upload.ts')['startUpload'];
const named = (file: File): Named => ({ fileName: file.name, size: file.size });
