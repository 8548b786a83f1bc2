import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Note, StagePlan } from '@parallel-pilot/shared/kinds/kind.ts';
import type { JobView } from '@parallel-pilot/shared/kinds/public.ts';
import type { BlobHash, JobId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import type { Capabilities, Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { JobOwner } from '@parallel-pilot/shared/model/worker.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { JobHead, JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';

/** The jobs that one submission makes. `paused`: it waits for its turn. Those are told apart by their `variant`. */
export type Several = {
  jobs: readonly { spec: unknown; variant: string; paused: boolean }[];
  /** Writes what belongs to all of them, in the transaction that writes them. */
  store(
    db: Db,
    made: { group: string; by: JobOwner; name: string; jobs: JobId[]; now: number },
  ): Promise<void>;
};

/** A file of the result, whose bytes are in the blob store already. It is registered when the job completes. */
export type MadeArtifact = StoredBlob & { name: string; mediaType: string };

export type Assembly = { outcome: 'complete'; artifacts: MadeArtifact[]; notes: Note[] } | Unfinished;

/** `value` is for the kind's own planning; `blobs` are kept with the job from then on. */
export type StageTaskResult = { outcome: 'done'; value: unknown; blobs: BlobHash[] } | Unfinished;

export type Unfinished =
  /** These results are unusable and must be made again; the stage's `memory_json` is `memory` at the next look. */
  | { outcome: 'redo'; chunks: RejectChunks['chunks']; memory?: unknown }
  /** The cause may go away (a full disk): tried again later, `message` is shown meanwhile. */
  | { outcome: 'wait'; code: string; message: string }
  | { outcome: 'fail'; code: string; message: string };

/** Work of the backend's own, called again from the start after a crash. `onProgress` takes 0 to 1. */
export type BackgroundTask = {
  job: JobRow;
  stage: StageRow;
  onProgress(fraction: number): void;
  signal: AbortSignal;
};

/** What a kind may have done with jobs while it answers requests. */
export type JobDesk = {
  /** As if somebody had sent it. */
  submit(by: JobOwner, submission: unknown): Promise<{ ok: true; job: JobId } | SubmissionRefusal>;
  /** Rows of the job were changed. */
  changed(job: JobId): void;
  /** A file that a lease delivered beside its result is taken: it counts for what the lease may deliver no more. */
  taken(lease: LeaseId, hash: BlobHash): void;
  /** Nothing of the kind names these blobs any more. Never rejects: what is left is swept. */
  letGo(hashes: readonly BlobHash[]): Promise<void>;
  /** Waited for when the backend ends. */
  atEnd(task: () => Promise<void>): void;
};

/** A kind's part of the backend: all that jobs, pages and files need to know of it there. */
export interface FarmKind {
  /** Turns a submission into the stored spec: opens the source, lays its files open. The files that it names must be of the team that asks. Refusals are for the user. */
  prepare(
    parts: Parts,
    submission: unknown,
    by: JobOwner,
    /** Which workers the job asks for. */
    placement: Placement,
  ): Promise<
    { ok: true; spec: unknown; name: string; blobs: BlobHash[]; several?: Several } | SubmissionRefusal
  >;
  /** The spec as far as it can be told before the files are there that other jobs come to, for pages: nothing is planned from it. */
  outline(submission: unknown): { spec: unknown; name: string };
  /** Names of the stages that have a task for the backend, run when their chunks are done and before the next stage is planned. */
  readonly stageTasks: readonly string[];
  runStageTask(parts: Parts, task: BackgroundTask): Promise<StageTaskResult>;
  /** True when the job is to be paused with the plan of its next stage; asked in the transaction that makes it true. */
  pausesWith?(db: Db, planned: { job: JobHead; stage: StageRow; next: StagePlan }): Promise<boolean>;
  /** Does what is due for jobs of the kind that belong together. Called every 2 s, and after one was paused so. */
  tend?(parts: Parts): Promise<void>;
  /** Puts the finished result together and names its artifacts. */
  assemble(parts: Parts, task: BackgroundTask): Promise<Assembly>;
  /** True when so many chunks that failed for good, one at least, end the job. */
  stopsOnFailure(spec: unknown, failed: number): boolean;
  /** Why none of these workers can run a stage, null where one can or none is connected. */
  fleetProblem(fleet: Capabilities[], requirements: Requirement[]): { code: string; message: string } | null;
  /** What the job page shows beside what every job has. */
  view(parts: Parts, job: JobRow, stage: StageRow): Promise<JobView>;
  /** What its programs print is for people, and shown with the job's log. */
  readonly showsPrints: boolean;
  /** The many files of a job that are handed out as one. */
  readonly bundle?: Bundle;
  /** Removes what was made of these blobs beside the store: they are gone. */
  forget?(parts: Parts, blobs: BlobHash[]): Promise<void>;
  /** Requests that only jobs of this kind answer. Called once, when the backend begins. */
  routes?(parts: Parts, jobs: JobDesk): OpenAPIHono;
  /** Of those the ones that may carry more than others; null for one that counts while it reads. */
  readonly longBodies?: readonly { path: RegExp; bytes: number | null }[];
  /** Paths of those whose answers are long lists, which are sent compressed. */
  readonly longAnswers?: readonly string[];
}

/** Files that are packed into `<name>.zip` while it is sent, and into the folder `<name>` of `all.zip`. */
export type Bundle = {
  readonly name: string;
  /** A sentence for who asks while there are no files. */
  readonly none: string;
  /** The files as they are to be found now, `most` at most; null while there are none. */
  files(parts: Parts, job: JobHead): Promise<{ most: number; files: AsyncIterable<BundledFile> } | null>;
};

/** `part`: of the blob; all of it where it is left out. */
export type BundledFile = { name: string; hash: BlobHash; part?: { start: number; size: number } };
