import { z } from 'zod';
import { NoticeChannelId, TeamId } from '../model/ids.ts';
import { ChannelType, NOTICE_EVENTS, NoticeEvent, NoticeTry } from '../model/notice.ts';
import { oneLine } from '../model/printable.ts';
import { strictObject } from '../model/strict-object.ts';

/** All below /api/v1/account/notifications. Times in ms since 1970. */

const Events = z
  .array(NoticeEvent)
  .max(20)
  .transform((events) => NOTICE_EVENTS.filter((event) => events.includes(event)));
const Name = z
  .string()
  .max(200)
  .transform((text) => oneLine(text).trim().slice(0, 100));

/** A key of a browser, as PushSubscription.toJSON() has it. */
const base64url = (bytes: number) =>
  z
    .string()
    .max(200)
    .regex(/^[\w-]+=*$/, 'This is no key of a browser.')
    .transform((key) => key.replace(/=+$/, ''))
    .refine((key) => Math.floor((key.length * 3) / 4) === bytes, 'This is no key of a browser.');
export const PushKeys = strictObject({ p256dh: base64url(65), auth: base64url(16) });

const Address = z
  .string()
  .trim()
  .max(2_000)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'It has to begin with https:// or http://.',
  )
  .refine((text) => {
    const { username, password } = new URL(text);
    return username === '' && password === '';
  }, 'An address with a password in it is shown to everybody who sees the log. Leave the password out: requests are signed.')
  .transform((text) => new URL(text).href);

/** POST: another way to tell me. That of a browser that is known already is changed. */
export const NewChannel = z.discriminatedUnion('type', [
  strictObject({
    type: z.literal('push'),
    /** How I know the browser. */
    name: Name,
    endpoint: Address,
    keys: PushKeys,
    events: Events,
  }),
  strictObject({
    type: z.literal('email'),
    /** Only where nobody has an account, on a farm of one machine; else it is the account's. */
    address: z.email('This is no e-mail address.').max(254).optional(),
    events: Events,
  }),
  strictObject({ type: z.literal('webhook'), url: Address, events: Events }),
]);
export type NewChannel = z.infer<typeof NewChannel>;

/** PATCH {channel} */
export const ChannelPatch = strictObject({ events: Events });

export const ChannelView = z.object({
  id: NoticeChannelId,
  type: ChannelType,
  name: z.string(),
  /** An e-mail or a URL; null of a browser, whose is its own. */
  address: z.string().nullable(),
  /** Of a browser: the SHA-256 of its endpoint, by which it knows itself. */
  browser: z.string().nullable(),
  /** It tells of this team's jobs alone; null for all of mine. */
  team: TeamId.nullable(),
  events: z.array(NoticeEvent),
  createdAt: z.number(),
  /** Since when nothing arrived, and why not the last time. */
  failing: z.object({ since: z.number(), problem: z.string() }).nullable(),
});
export type ChannelView = z.infer<typeof ChannelView>;

/** POST answers with the secret of a webhook, by which its server knows requests of this farm; null of others. */
export const MadeChannel = z.object({ channel: ChannelView, secret: z.string().nullable() });
export type MadeChannel = z.infer<typeof MadeChannel>;

/** GET: how I am told. */
export const Notifications = z.object({
  channels: z.array(ChannelView),
  /** The farm's public key, by which a browser takes messages of it alone (`applicationServerKey`). */
  pushKey: z.string(),
  /** Whether I can be told by e-mail: at which address, or that I name one; null where it cannot be, with the reason. */
  email: z.object({ address: z.string().nullable(), problem: z.string().nullable() }),
});
export type Notifications = z.infer<typeof Notifications>;

/** GET {channel}/log: what was told by it, newest first, each with its tries. */
export const ChannelLog = z.object({
  /** Of a webhook: what its requests are signed with; null for who may not change it. */
  secret: z.string().nullable(),
  notices: z.array(
    z.object({
      /** As the receiver gets it. */
      id: z.string(),
      event: z.union([NoticeEvent, z.literal('test')]),
      job: z.object({ id: z.string(), name: z.string() }).nullable(),
      message: z.string(),
      at: z.number(),
      state: z.enum(['waiting', 'sent', 'given-up']),
      /** When it is tried next, while it waits. */
      nextAt: z.number().nullable(),
      tries: z.array(NoticeTry),
    }),
  ),
});
export type ChannelLog = z.infer<typeof ChannelLog>;
