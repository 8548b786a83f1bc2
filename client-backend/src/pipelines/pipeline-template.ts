import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import {
  type SaveAsTemplate,
  SaveTemplate,
  type TemplateView,
} from '@parallel-pilot/shared/api/templates.ts';
import type { PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import { findPipelineTemplate } from '@parallel-pilot/shared/server/db/pipelines.ts';
import { findTemplate } from '@parallel-pilot/shared/server/db/templates.ts';
import { z } from 'zod';
import type { Parts } from '../parts.ts';
import { templatePart } from './pipeline-views.ts';
import { PIPELINE_UNKNOWN } from './steer-pipeline.ts';
import { type Refused, saveTemplate, TEMPLATE_UNKNOWN, templateView } from './templates.ts';

/** Keeps what was submitted under a name. A template of that name is replaced only where that is asked for. */
export async function saveAsTemplate(
  parts: Parts,
  by: Principal,
  id: PipelineId,
  { name, replace }: z.output<typeof SaveAsTemplate>,
): Promise<{ ok: true; template: TemplateView } | Refused> {
  const row = await findPipelineTemplate(parts.db, id, by.team);
  if (row === undefined) return PIPELINE_UNKNOWN;
  const given = z.record(z.string(), z.string()).parse(JSON.parse(row.parameters_json));
  const part = templatePart(row.template_parameters_json, given);
  if (part === null || row.template_jobs_json === null) return TOO_OLD;
  const { source_name: file, source_text: text } = row;
  const source = file === null || text === null ? undefined : { name: file, text };
  const jobs = JobsOfDay.parse(JSON.parse(row.template_jobs_json));
  const saved = await saveTemplate(parts, by, SaveTemplate.parse({ name, source, ...part, jobs }), replace);
  if (!saved.ok) return saved.code === 'blob-missing' ? FILES_GONE : saved;
  const template = await findTemplate(parts.db, saved.id, by.team);
  return template === undefined ? TEMPLATE_UNKNOWN : { ok: true, template: templateView(template) };
}

/** A deadline is one of its day: a template is run on others. */
const JobsOfDay = z.array(
  z.looseObject({ job: z.looseObject({}).transform(({ deadline: _, ...job }) => job) }),
);

const TOO_OLD: Refused = {
  ok: false,
  status: 409,
  code: 'bad-template',
  message:
    'This pipeline was submitted to an earlier version of the farm, which did not keep what a template needs. Save its file with "pilot template save FILE".',
};
const FILES_GONE: Refused = {
  ok: false,
  status: 409,
  code: 'blob-missing',
  message:
    'A file of this pipeline is not here any more, as the job that had it was deleted. Save its file with "pilot template save FILE".',
};
