import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobDetail, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import type { ComponentType } from 'react';
import type { Sources } from '../api/submission-state.ts';
import type { CapabilityWords } from './capabilities.ts';
import type { FetchedPart } from './fetched-part.ts';

/** What the user may choose before the files were looked into; each kind reads its own. */
export type CreationOptions = Record<string, unknown>;

/** One of the files that a job of a kind is made of. */
export type FilePart = {
  name: string;
  /** "the data: .csv or .jsonl", said where it is still missing. */
  what: string;
  /** Ends of file names, with the dot; an empty one is that of any file. */
  extensions: readonly string[];
  /** Any number of them, each a part by its path. */
  many?: boolean;
  /** A job can do without it. */
  optional?: boolean;
  /** It can where a person says so, by a button that is called so: "Without a picture". */
  without?: string;
};

export type Sample = { title: string; files: readonly string[] };

/** How far a job is, for its row in the list. */
export type Listed = {
  bar: 'chunks' | 'fraction' | null;
  text: string;
  /** Wants to be noticed. */
  bad?: boolean;
};

/** `settings` are as the kind's `farmSettings` has them; `error` why they were not saved. */
export type KindSettingsProps = {
  settings: unknown;
  saving: boolean;
  error: string | null;
  onSave(settings: unknown): void;
};

/** A kind of job as the site knows it. */
export type SiteKind = {
  name: string;
  /** It takes one file for each of these, the optional ones where they are given. */
  files: readonly FilePart[];
  /** What stands in every script of it; null where a script says nothing of its kind. */
  marks: RegExp | null;
  /** What to give for one: "a .py script and one file of data". */
  asks: string;
  /** A small job to try the farm with; its files are beside the site, under /samples. */
  sample: Sample | null;
  /** What a machine must have to work on it. */
  needs: string;
  /** What the drop zone says of it, and where its files might be meant for it; null for a kind that is not submitted here. */
  offer: { title: string; text: string; instead: string } | null;
  /** The way of a new job, step by step. */
  steps: readonly string[];
  /** The job to create as soon as the files are there; null for a kind whose `Setup` asks first. */
  describe: ((sources: Sources, options: CreationOptions, main: string | undefined) => CreateJob) | null;
  /** Choices beside the upload, under their title. */
  options: {
    title: string;
    Options: ComponentType<{ options: CreationOptions; onChange(options: CreationOptions): void }>;
  } | null;
  /** Begins the same job once more, with settings to be changed; says where the user goes on. Null where that is not done here. */
  again: ((submission: CreateJob) => Promise<string>) | null;
  /** The settings to give before there is a job. */
  Setup: FetchedPart<object> | null;
  /** The kind whose `Setup` that of this one takes the place of, as it asks for jobs of both. */
  widens?: string;
  /** The job's page below its title. */
  Job: FetchedPart<{ job: JobDetail }>;
  /** Several jobs of the kind side by side; null where nothing of them is to be compared. */
  Compare: FetchedPart<{ ids: readonly string[] }> | null;
  /** Several jobs that were submitted as one search; left out where the kind has none. */
  Sweep?: FetchedPart<{ id: string }>;
  /** Pages of what it has beside jobs: all of them at `/<at>`, one at `/<at>/<id>`; left out where it has nothing else. */
  own?: {
    at: string;
    title: string;
    Icon: ComponentType<{ size?: number | string; 'aria-hidden'?: boolean }>;
    All: FetchedPart<object>;
    One: FetchedPart<{ id: string }>;
  };
  /** What an admin may set for all jobs of the kind, as a panel of the farm's settings; left out where there is nothing. */
  FarmSettings?: FetchedPart<KindSettingsProps>;
  /** What a worker can do for it, in words. */
  capabilities: CapabilityWords;
  words: {
    /** Its state while it is looked into, before it can be worked on. */
    preparing: string;
    /** Beside "Cancel the job" when asked whether one really wants to. */
    goOn: string;
    /** What canceling does. */
    cancel: string;
    /** What is lost with the job. */
    remove: string;
    /** Over the reason of a failure. */
    failed(job: JobSummary): string;
  };
  /** What stands in the list for a job. */
  Thumbnail: ComponentType<{ job: JobSummary }>;
  listed(job: JobSummary): Listed;
};
