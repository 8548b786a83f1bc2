import { z } from 'zod';
import { PersonId, TemplateId } from '../model/ids.ts';
import { Parameters } from '../model/parameters.ts';
import { strictObject } from '../model/strict-object.ts';
import { CreatePipeline, JobsWithPlaces } from './pipelines.ts';

/** PUT /api/v1/templates: puts it in the place of the team's template with that name, where there is one. */
export const SaveTemplate = strictObject({
  name: z.string().regex(/^\w[\w .-]{0,99}$/, 'expected letters, digits, spaces, - . and _'),
  source: CreatePipeline.shape.source,
  parameters: Parameters.default({}),
  /** Parameters of the file that this template has no place for, with the values that they have in it. */
  fixed: z.record(z.string(), z.string().max(10_000)).default({}),
  jobs: JobsWithPlaces,
});
export type SaveTemplate = z.input<typeof SaveTemplate>;

/** POST /api/v1/pipelines/:id/template: what was submitted, kept under this name. */
export const SaveAsTemplate = strictObject({
  name: SaveTemplate.shape.name,
  /** Whether it takes the place of a template that has the name; without it, that is refused. */
  replace: z.boolean().default(false),
});
export type SaveAsTemplate = z.input<typeof SaveAsTemplate>;

/** POST /api/v1/templates/:id/run: a pipeline with these values. */
export const RunTemplate = strictObject({
  /** As that of a pipeline: sent a second time, it makes no second one. */
  request: CreatePipeline.shape.request,
  /** As they are written: `"8"`. Those that are left out have their usual values. */
  parameters: z.record(z.string(), z.string().max(10_000)).default({}),
});
export type RunTemplate = z.input<typeof RunTemplate>;

/** A pipeline that is kept to be run again. Times in ms since 1970. */
export const TemplateView = z.object({
  id: TemplateId,
  name: z.string(),
  /** Who saved it. */
  person: PersonId,
  savedAt: z.number(),
  parameters: Parameters,
  fixed: z.record(z.string(), z.string()),
  /** How many jobs it makes. */
  total: z.int(),
});
export type TemplateView = z.infer<typeof TemplateView>;

/** GET /api/v1/templates: all of the team, by their names. */
export const TemplateList = z.object({ templates: z.array(TemplateView) });
export type TemplateList = z.infer<typeof TemplateList>;
