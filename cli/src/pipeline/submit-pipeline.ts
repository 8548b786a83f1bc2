import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CreatePipeline, PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import { withParameters } from '@parallel-pilot/shared/model/with-parameters.ts';
import type { Api } from '../api/client.ts';
import { patiently } from '../api/patience.ts';
import type { Context } from '../context.ts';
import { askedWith } from './pipeline-template.ts';
import type { PipelineFile, PlannedPipeline } from './read-pipeline.ts';
import { type AskFor, askFor } from './requests-of.ts';
import { templateOf } from './template-of.ts';

type Submitting = {
  context: Context;
  api: Api;
  file: PipelineFile;
  /** How the file is called. */
  fileName: string;
  given: ReadonlyMap<string, string>;
};

/** What is packed for a job is packed again to find its parameters' places, up to so many bytes. */
const MOST_AGAIN = 64 * 1024 ** 2;

/** Brings all files to the farm, then hands the jobs over: all at once, and once only though the farm may die meanwhile. */
export async function submitPipeline(
  submitting: Submitting,
  { name, parameters, steps }: PlannedPipeline,
): Promise<PipelineDetail> {
  const { context, api, file, fileName } = submitting;
  const ask = askFor(api, context.config.dataFolder, MOST_AGAIN);
  const jobs = await ask(steps);
  const template = await templatePart(submitting, jobs, ask);
  const source = { name: fileName, text: file.text };
  const request = randomUUID();
  return patiently(() =>
    api.createPipeline({ name, source, parameters, request, jobs, ...(template && { template }) }),
  );
}

/**
 * The jobs with places for the parameters, so that it can be saved as a template from its page; null without any, or
 * where what is found does not make these jobs, as of a number that was given as a word. It is no reason not to submit.
 */
async function templatePart(
  { context, file, given }: Submitting,
  jobs: CreatePipeline['jobs'],
  ask: AskFor,
): Promise<CreatePipeline['template'] | null> {
  if (Object.keys(file.parameters).length === 0) return null;
  try {
    const made = await templateOf(file.parameters, given, askedWith(context, file, ask));
    const { parameters = {} } = made;
    const usual = new Map(Object.entries(parameters).map(([name, one]) => [name, one.default]));
    const plain = JSON.parse(JSON.stringify(jobs));
    const places = JSON.parse(JSON.stringify(made.jobs));
    return isDeepStrictEqual(withParameters(places, usual), plain) ? { parameters, jobs: made.jobs } : null;
  } catch {
    return null;
  }
}
