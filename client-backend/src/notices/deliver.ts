import type { ChannelRow } from '@parallel-pilot/shared/server/db/notices.ts';
import type { Mail } from '../mail/mail.ts';
import { idOf, mailMessage, type Notice, pushMessage, webhookBody } from './messages.ts';
import { vapidKeys, webhookSecret } from './notice-keys.ts';
import { type Posted, postOutside } from './post-outside.ts';

/** `gone`: whoever was told there wants nothing any more. */
export type Delivered = Posted & { gone?: true };

export type DeliveryParts = {
  signingKey: string;
  /** Where people reach the farm. */
  farm: string;
  mail: Mail | null;
  privateAddresses: boolean;
  signal: AbortSignal;
  /** For a request, milliseconds. */
  limitMs: number;
  now: number;
};

/** Tells these by a channel, in one message. Never rejects. */
export function deliver(channel: ChannelRow, notices: Notice[], parts: DeliveryParts): Promise<Delivered> {
  switch (channel.type) {
    case 'push':
      return push(channel, notices, parts);
    case 'email':
      return sendMail(channel, notices, parts);
    case 'webhook':
      return callWebhook(channel, notices, parts);
    default:
      return channel.type satisfies never;
  }
}

/** How many are told in one message. A program wants each by itself. */
export const togetherOf = ({ type }: Pick<ChannelRow, 'type'>): number => (type === 'webhook' ? 1 : 500);

/** After a message nothing is sent for so long; what comes meanwhile is told together. */
export const restOf = ({ type }: Pick<ChannelRow, 'type'>): number =>
  ({ push: 5_000, email: 60_000, webhook: 0 })[type];

/** A browser that was off for longer need not know. */
const PUSH_KEPT_SECONDS = 24 * 60 * 60;

async function push(
  { address, keys_json }: ChannelRow,
  notices: Notice[],
  { signingKey, farm, privateAddresses, signal, limitMs }: DeliveryParts,
): Promise<Delivered> {
  const { default: webpush } = await import('web-push');
  try {
    const subscription = { endpoint: address, keys: JSON.parse(keys_json ?? '{}') };
    const { headers, body } = webpush.generateRequestDetails(
      subscription,
      JSON.stringify(pushMessage(notices, farm)),
      { vapidDetails: { subject: subjectOf(farm), ...vapidKeys(signingKey) }, TTL: PUSH_KEPT_SECONDS },
    );
    const posted = await postOutside({
      url: address,
      headers,
      body: body ?? '',
      privateAddresses,
      signal,
      limitMs,
    });
    // RFC 8030: the subscription has ended.
    return posted.status === 404 || posted.status === 410 ? { ...posted, gone: true } : posted;
  } catch (error) {
    return { status: null, problem: `The message could not be made: ${(error as Error).message}` };
  }
}

/** Whom push services may ask about this farm; they want an address of their own kind (RFC 8292). */
const subjectOf = (farm: string): string =>
  farm.startsWith('https:') ? new URL(farm).origin : 'mailto:farm@localhost';

async function sendMail(
  { address }: ChannelRow,
  notices: Notice[],
  { mail, farm }: DeliveryParts,
): Promise<Delivered> {
  if (mail === null) return { status: null, problem: 'The farm has no server to send e-mail by any more.' };
  try {
    await mail.send({ to: address, ...mailMessage(notices, farm) });
    return { status: null, problem: null };
  } catch (error) {
    return { status: null, problem: (error as Error).message };
  }
}

async function callWebhook(
  { id, address }: ChannelRow,
  notices: Notice[],
  { signingKey, farm, privateAddresses, signal, limitMs, now }: DeliveryParts,
): Promise<Delivered> {
  const [notice] = notices;
  if (notice === undefined) throw new Error('there is nothing to tell');
  const { Webhook } = await import('standardwebhooks');
  const body = webhookBody(notice, farm);
  const at = new Date(now);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': idOf(notice),
    'webhook-timestamp': Math.floor(now / 1_000),
    'webhook-signature': new Webhook(webhookSecret(signingKey, id)).sign(idOf(notice), at, body),
  };
  return postOutside({ url: address, headers, body, privateAddresses, signal, limitMs });
}
