import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Api } from './client.ts';

/** The worker that a person names: by what people call it, by its own name, or by enough of its id to be the only one. */
export async function findWorker(api: Api, text: string): Promise<WorkerView> {
  const { workers } = await api.workers();
  const named = workers.filter(({ label, name, id }) => [label, name, id].includes(text));
  const prefix = text.startsWith('wrk_') ? text : `wrk_${text}`;
  const found = named.length > 0 ? named : workers.filter(({ id }) => id.startsWith(prefix));
  const [only, ...others] = found;
  if (only === undefined)
    throw new SentenceError(`No worker is called "${text}". "pilot workers" lists them.`);
  if (others.length === 0) return only;
  const ids = found.slice(0, 3).map(({ id }) => id);
  throw new SentenceError(`Several workers are called "${text}": ${ids.join(', ')}. Write the id of one.`);
}
