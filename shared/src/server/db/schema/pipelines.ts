import type { JobId, PersonId, PipelineId, TeamId, TemplateId } from '../../../model/ids.ts';

/** Jobs that were submitted as one search of parameters; `id` is their `group_id`. */
export type SweepsTable = {
  team_id: TeamId;
  id: string;
  person_id: PersonId;
  name: string;
  /** What was asked for, as its kind has it. */
  search_json: string;
  /** Why it ended before its jobs did; null while nothing is wrong. */
  problem: string | null;
  created_at: number;
};

export type SweepMembersTable = {
  job_id: JobId;
  team_id: TeamId;
  sweep_id: string;
  /** From 1, in the order in which they were planned. */
  number: number;
  /** What the sweep paused it for: its first turn, or the comparison at a rung; null where it did not. */
  held: 'turn' | 'rung' | null;
};

/** What a job came to at a rung, from 0, after `iteration`; written with the plan that goes beyond it. */
export type SweepReportsTable = {
  job_id: JobId;
  rung: number;
  iteration: number;
  /** Of the metric that the sweep compares by; null where it was not reported. */
  value: number | null;
  /** The metrics that there were, as a JSON object. */
  metrics_json: string;
};

/** Jobs that were submitted together, as one file says it. */
export type PipelinesTable = {
  id: PipelineId;
  team_id: TeamId;
  /** Who submitted it. */
  person_id: PersonId;
  name: string;
  /** What whoever submitted it called that submission, so that a second try is none. */
  request_id: string;
  /** The file as it was, and how it was called; null where there was none. */
  source_name: string | null;
  source_text: string | null;
  /** The values of its parameters, as a JSON object of strings. */
  parameters_json: string;
  created_at: number;
  /** Those that have places in its jobs, as a template's; null for pipelines of versions that did not keep it. */
  template_parameters_json: string | null;
  /** Its jobs as they were asked for, with these places; likewise. */
  template_jobs_json: string | null;
};

export type PipelineJobsTable = {
  job_id: JobId;
  pipeline_id: PipelineId;
  /** From 1, each after those that it needs. */
  number: number;
  /** How the pipeline calls it, and the matrix that it is one of; equal where it is of none. */
  name: string;
  matrix: string;
};

/** A pipeline that is kept to be run again with other values. */
export type TemplatesTable = {
  id: TemplateId;
  team_id: TeamId;
  /** Who saved it. */
  person_id: PersonId;
  /** In its team no two have the same. */
  name: string;
  source_name: string | null;
  source_text: string | null;
  /** Its parameters (Parameters), and those of the file that cannot be varied, with their values. */
  parameters_json: string;
  fixed_json: string;
  /** Its jobs, with places for the values of parameters. */
  jobs_json: string;
  job_count: number;
  saved_at: number;
};
