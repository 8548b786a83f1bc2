import type { CreateJob, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { ComponentType } from 'react';

/** What the user may choose before the file was looked into; each kind reads its own. */
export type CreationOptions = Record<string, unknown>;

/** A kind of job as the site knows it. */
export type SiteKind = {
  /** Ends of file names, with the dot. */
  extensions: readonly string[];
  /** The job to create for an uploaded file. */
  describe(
    source: { blob: string; fileName: string },
    options: CreationOptions,
    main: string | undefined,
  ): CreateJob;
  /** Choices beside the upload. */
  Options: ComponentType<{ options: CreationOptions; onChange(options: CreationOptions): void }>;
  /** Shown while the job is `ready`: what was found, and the settings to give. */
  Review: ComponentType<{ job: JobDetail }>;
  /** The settings that were used, in words. */
  Summary: ComponentType<{ job: JobDetail }>;
};
