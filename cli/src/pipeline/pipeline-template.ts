import type { SaveTemplate } from '@parallel-pilot/shared/api/templates.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../api/client.ts';
import type { Context } from '../context.ts';
import type { PipelineFile } from './read-pipeline.ts';
import { requestsOf, type Send, sendTo } from './submit-steps.ts';
import { templateOf } from './template-of.ts';

/** Brings the files of a pipeline to the farm and makes a template of it; they are named from the folder of the process. */
export async function pipelineTemplate(
  context: Context,
  api: Api,
  file: PipelineFile,
  given: ReadonlyMap<string, string>,
): Promise<Pick<SaveTemplate, 'name' | 'jobs' | 'parameters' | 'fixed'>> {
  // What is given first: that it cannot be is the user's to know.
  const { name } = await file.plan(context, given);
  const send = onceEach(sendTo(api));
  const made = await templateOf(file.parameters, given, async (values) => {
    const typed = new Map([...values].map(([key, value]) => [key, String(value)]));
    const { steps } = await file.plan(context, typed);
    return requestsOf(api, steps, context.config.dataFolder, send);
  });
  return { ...made, name };
}

/** The pipeline is asked for several times, and its files are the same. What is packed anew each time has another path. */
function onceEach(send: Send): Send {
  const sent = new Map<string, Promise<BlobHash>>();
  return (path) => {
    const known = sent.get(path) ?? send(path);
    sent.set(path, known);
    return known;
  };
}
