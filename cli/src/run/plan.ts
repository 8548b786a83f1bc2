import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import type { Api } from '../api/client.ts';
import type { ServerFlags } from '../api/connect.ts';
import type { ApiError } from '../api/request.ts';
import type { Follow } from '../follow/follow.ts';
import type { RunEvent } from '../report/events.ts';
import type { Presenter } from '../report/presenter.ts';
import type { TypedAfter } from './after.ts';
import type { Wanted } from './placement.ts';

/** What a kind hands in to be run on a farm: its files, the jobs that are made of them, and what becomes of the results. */
export interface RunPlan {
  readonly presenter: Presenter;
  readonly follow: Follow;
  /** Puts together the files that the farm needs; they are there until `remove`. */
  files(making: Making): Promise<SourceFiles>;
  /** Workers of a farm that has to be started, where the user says nothing of them. */
  readonly workers: number;
  /** The jobs, from the hashes of the files. Several belong together; each has a name of its own. */
  jobs(blobs: readonly BlobHash[], api: Api): PlannedJob[] | Promise<PlannedJob[]>;
  /** The jobs that the farm made of one request, by the first of them; none where they lead to nothing any more. */
  members?(api: Api, first: JobId): Promise<Member[]>;
  /** What a canceled job is told with where that was no failure; null where it was one. */
  ended?(job: JobDetail): RunEvent | null;
  /** Puts a refusal of a job into words that suit the command, where it can. */
  refusal?(error: ApiError): string | null;
  /** Fetches the results of a job that is completed, or of one that failed on its way. */
  save(saving: Saving): Promise<Saved>;
  /** What is left to do once all jobs are over and saved, whatever each came to. */
  conclude?(ends: readonly JobEnd[], seconds: number, api: Api): Promise<RunEvent>;
}

export type Member = { id: JobId; name: string; variant: string };

/** `folder` is one that files may be made in. */
export type Making = { folder: string; report: (event: RunEvent) => void; signal: AbortSignal };

export type SourceFiles = { paths: readonly string[]; remove(): Promise<void> };

/** Files of the user's own, sent as they are. */
export const ownFiles = async (...paths: string[]): Promise<SourceFiles> => ({
  paths,
  remove: async () => {},
});

/** `variant` is what sets the job apart from the others of the plan. */
export type PlannedJob = { request: CreateJob; variant?: string };

export type Saving = {
  api: Api;
  job: JobDetail;
  planned: PlannedJob;
  report: (event: RunEvent) => void;
  signal: AbortSignal;
};

/** `missing`: what was asked for and is not there, as a sentence. `done` is reported where nothing is missing. */
export type Saved = { missing: string } | { missing: null; done(seconds: number): RunEvent };

/** `problem`: why the job has not come to its results, as a sentence; otherwise `done` is the event that reported them. */
export type JobEnd = { planned: PlannedJob; job: JobDetail } & Outcome;
export type Outcome = { problem: string; done: null } | { problem: null; done: RunEvent };

export type RunOptions = {
  server: ServerFlags;
  /** Null for as many as suit the plan. Only for a farm started for this run. */
  workers: number | null;
  verbose: boolean;
  /** Null for that of an ordinary job. */
  priority: number | null;
  /** By when it should be done, ms since 1970; null for no matter when. */
  deadline: number | null;
  /** Jobs that have to end before it begins. */
  after: readonly TypedAfter[];
  /** Which workers may do it; null for any. */
  placement: Wanted | null;
  /** What each chunk asks of a worker; null where nothing was said of it. */
  asked: Asked | null;
  /** A farm started for this run works without a sandbox where this machine has none. */
  unsandboxed: boolean;
};

export type RunEnd =
  | { status: 'done' }
  | { status: 'failed'; message: string }
  | { status: 'interrupted'; message: string };
