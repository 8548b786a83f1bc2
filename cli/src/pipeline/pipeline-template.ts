import type { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import type { SaveTemplate } from '@parallel-pilot/shared/api/templates.ts';
import type { Api } from '../api/client.ts';
import type { Context } from '../context.ts';
import type { PipelineFile } from './read-pipeline.ts';
import { type AskFor, askFor } from './requests-of.ts';
import { type AskedWith, templateOf } from './template-of.ts';

/** Brings the files of a pipeline to the farm and makes a template of it; they are named from the folder of the process. */
export async function pipelineTemplate(
  context: Context,
  api: Api,
  file: PipelineFile,
  given: ReadonlyMap<string, string>,
): Promise<Pick<SaveTemplate, 'name' | 'jobs' | 'parameters' | 'fixed'>> {
  // What is given first: that it cannot be is the user's to know.
  const { name } = await file.plan(context, given);
  const ask = askedWith(context, file, askFor(api, context.config.dataFolder));
  return { ...(await templateOf(file.parameters, given, ask)), name };
}

/** What the pipeline asks of the farm with other values of its parameters. */
export const askedWith =
  (context: Context, file: PipelineFile, ask: AskFor): AskedWith =>
  async (values): Promise<CreatePipeline['jobs']> => {
    const typed = new Map([...values].map(([key, value]) => [key, String(value)]));
    return ask((await file.plan(context, typed)).steps);
  };
