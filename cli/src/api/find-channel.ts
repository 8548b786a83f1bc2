import type { ChannelView } from '@parallel-pilot/shared/api/notifications.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Api } from './client.ts';

/** A way to be told by its address, its name, or the beginning of its id. Throws a SentenceError. */
export async function findChannel(api: Api, text: string): Promise<ChannelView> {
  const { channels } = await api.notifications();
  const exact = channels.filter(({ id, address, name }) => [id, address, name].includes(text));
  const found = exact.length > 0 ? exact : channels.filter(({ id }) => id.startsWith(text));
  const [channel] = found;
  if (channel === undefined)
    throw new SentenceError(
      `You are not told by "${text}". "pilot notifications channels" lists what there is.`,
    );
  if (found.length > 1)
    throw new SentenceError(`"${text}" may be ${found.map(({ id }) => id).join(' or ')}. Give more of it.`);
  return channel;
}
