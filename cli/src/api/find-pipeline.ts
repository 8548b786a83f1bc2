import { PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Api } from './client.ts';

const WHOLE = /^pip_[0-9a-z]{20,40}$/;
const PAGES = 25;

/** Whether this is how a pipeline is named where a job could be meant too. */
export const namesPipeline = (text: string): boolean => text.startsWith('pip_');

/** The pipeline that a person names: a whole id, or enough of its beginning to be the only one, with or without `pip_`. */
export async function findPipeline(api: Api, text: string): Promise<PipelineId> {
  const prefix = namesPipeline(text) ? text : `pip_${text}`;
  if (WHOLE.test(prefix)) return PipelineId.parse(prefix);
  if (!/^pip_[0-9a-z]+$/.test(prefix))
    throw new SentenceError(`"${text}" is not the id of a pipeline. "pilot pipelines" lists them.`);
  const matches: PipelineId[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const list = await api.pipelines({ limit: 200, ...(cursor === null ? {} : { cursor }) });
    matches.push(...list.pipelines.map(({ id }) => id).filter((id) => id.startsWith(prefix)));
    cursor = list.next;
    if (cursor === null || matches.length > 1) break;
  }
  const [only, ...others] = matches;
  if (only === undefined)
    throw new SentenceError(`No pipeline begins with "${text}". "pilot pipelines" lists them.`);
  if (others.length > 0)
    throw new SentenceError(
      `Several pipelines begin with "${text}": ${matches.slice(0, 3).join(', ')}. Write more of the id.`,
    );
  return only;
}
