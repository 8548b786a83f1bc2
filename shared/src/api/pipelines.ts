import { z } from 'zod';
import { RUNS_ON } from '../model/dependencies.ts';
import { JobId, PersonId, PipelineId } from '../model/ids.ts';
import { JOB_STATUSES } from '../model/job.ts';
import { Parameters } from '../model/parameters.ts';
import { PIPELINE_STATES } from '../model/pipeline.ts';
import { strictObject } from '../model/strict-object.ts';
import { CreateJob, MOST_DEPENDENCIES } from './create-job.ts';
import { GroupId, JobSummary } from './jobs.ts';

/** Each may need all others. */
export const MOST_PIPELINE_JOBS = MOST_DEPENDENCIES;

/** A job of a pipeline, as the pipeline calls it: `plot`, or `plot.3` for the third of a matrix. */
export const PipelineJobName = z
  .string()
  .regex(
    /^[A-Za-z_][\w-]{0,63}(\.\d{1,4})?$/,
    'expected a name: letters, digits, - and _, the first a letter',
  );

/** Values that a pipeline was made with, by their names. */
export const PipelineParameters = z
  .record(z.string().min(1).max(64), z.string().max(10_000))
  .refine((all) => Object.keys(all).length <= 100, { error: 'expected 100 parameters at the most' });

/**
 * The jobs of a pipeline, as in POST /api/v1/pipelines, where `{parameters.NAME}` in a text, or
 * `{"parameter": "NAME"}` for a value, stands for a parameter.
 */
export const JobsWithPlaces = z.array(z.record(z.string(), z.unknown())).min(1).max(MOST_PIPELINE_JOBS);

/** POST /api/v1/pipelines: all of its jobs are made, or none. */
export const CreatePipeline = strictObject({
  /** An id of the client's making. Sent a second time with the same one, it is the pipeline that is there. */
  request: GroupId,
  name: z.string().min(1).max(200),
  /** The file that says it, as it is: shown, and given back. */
  source: strictObject({ name: z.string().min(1).max(255), text: z.string().max(1_000_000) }).optional(),
  parameters: PipelineParameters.default({}),
  jobs: z
    .array(
      strictObject({
        name: PipelineJobName,
        /** The matrix that it is one of. */
        matrix: PipelineJobName.optional(),
        /** Stands for its id in `after` and in results that others of this request take; the farm gives it another. */
        id: JobId,
        job: CreateJob,
      }),
    )
    .min(1)
    .max(MOST_PIPELINE_JOBS),
  /**
   * The same jobs with places for parameters, whose usual values make them what `jobs` has: what it is saved as when
   * it becomes a template. Without it, a template of it takes no parameters.
   */
  template: strictObject({ parameters: Parameters, jobs: JobsWithPlaces }).optional(),
});
export type CreatePipeline = z.input<typeof CreatePipeline>;

/** A row of the list of pipelines. Times in ms since 1970. */
export const PipelineSummary = z.object({
  id: PipelineId,
  name: z.string(),
  /** Who submitted it. */
  person: PersonId,
  createdAt: z.number(),
  state: z.enum(PIPELINE_STATES),
  /** How many of its jobs are in each state; those that were deleted are not counted. */
  states: z.partialRecord(z.enum(JOB_STATUSES), z.int()),
  total: z.int(),
});
export type PipelineSummary = z.infer<typeof PipelineSummary>;

/** GET /api/v1/pipelines?limit=&cursor= */
export const PipelineList = z.object({
  /** Newest first. */
  pipelines: z.array(PipelineSummary),
  /** Pass as `cursor` for the next page; null on the last. */
  next: z.string().nullable(),
});
export type PipelineList = z.infer<typeof PipelineList>;
export const PipelineListQuery = strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
});

/** One job of a pipeline. `after` are those of the pipeline that it runs after; the others stand on the job's own page. */
export const PipelineJob = z.object({
  name: z.string(),
  matrix: z.string(),
  after: z.array(z.object({ job: JobId, on: z.enum(RUNS_ON) })),
  job: JobSummary,
});
export type PipelineJob = z.infer<typeof PipelineJob>;

/** GET /api/v1/pipelines/:id */
export const PipelineDetail = PipelineSummary.extend({
  source: z.object({ name: z.string(), text: z.string() }).nullable(),
  parameters: z.record(z.string(), z.string()),
  /** What a template of it would take, and what would stay as it is; null where it cannot be saved as one. */
  template: z.object({ parameters: Parameters, fixed: z.record(z.string(), z.string()) }).nullable(),
  /** Each after those that it needs. */
  jobs: z.array(PipelineJob),
});
export type PipelineDetail = z.infer<typeof PipelineDetail>;
