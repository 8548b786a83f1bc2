import type { SaveTemplate } from '@parallel-pilot/shared/api/templates.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../api/client.ts';
import type { Context } from '../context.ts';
import { expand } from './expand.ts';
import { planSteps } from './plan-steps.ts';
import { declared } from './schema.ts';
import type { Source } from './source.ts';
import { requestsOf, type Send, sendTo } from './submit-steps.ts';
import { templateOf } from './template-of.ts';

/** Brings the files of a pipeline to the farm and makes a template of it; it is named from the folder of the process. */
export async function pipelineTemplate(
  context: Context,
  api: Api,
  source: Source,
  given: ReadonlyMap<string, string>,
): Promise<Pick<SaveTemplate, 'jobs' | 'parameters' | 'fixed'>> {
  // Said of what is given first: that it cannot be is the user's to know.
  const { steps } = expand(source, given);
  await planSteps(context, source, steps);
  const send = onceEach(sendTo(api));
  return templateOf(declared(source.pipeline), given, async (values) => {
    const typed = new Map([...values].map(([name, value]) => [name, String(value)]));
    const planned = await planSteps(context, source, expand(source, typed).steps);
    return requestsOf(api, planned, context.config.dataFolder, send);
  });
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
