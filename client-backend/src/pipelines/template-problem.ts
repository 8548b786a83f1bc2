import { isDeepStrictEqual } from 'node:util';
import { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import { withParameters } from '@parallel-pilot/shared/model/with-parameters.ts';
import type { z } from 'zod';
import { sentenceOf } from '../http/problems.ts';
import type { SubmissionRefusal } from '../parts.ts';

/** Why the jobs with places that came along are not those of the pipeline; null where they are, or none came. */
export function templateProblem({
  jobs,
  template,
}: z.output<typeof CreatePipeline>): SubmissionRefusal | null {
  if (template === undefined) return null;
  const usual = new Map(Object.entries(template.parameters).map(([name, one]) => [name, one.default]));
  const parsed = CreatePipeline.shape.jobs.safeParse(withParameters(template.jobs, usual));
  if (!parsed.success) return bad(sentenceOf(parsed.error, 'template'));
  return isDeepStrictEqual(parsed.data, jobs)
    ? null
    : bad('With the usual values of its parameters, `template` is not what `jobs` says.');
}

const bad = (message: string): SubmissionRefusal => ({ ok: false, code: 'bad-template', message });
