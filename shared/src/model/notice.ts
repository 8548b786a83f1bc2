import { z } from 'zod';

/**
 * What somebody may be told of a job of theirs: it is done, it failed, it waits for something that only they (or
 * somebody of their team) can do, or its deadline may be missed.
 */
export const NOTICE_EVENTS = ['done', 'failed', 'waiting', 'at-risk'] as const;
export const NoticeEvent = z.enum(NOTICE_EVENTS);
export type NoticeEvent = z.infer<typeof NoticeEvent>;

/** How they may be told: by a browser's push service, by e-mail, or by a request to a server of theirs. */
export const CHANNEL_TYPES = ['push', 'email', 'webhook'] as const;
export const ChannelType = z.enum(CHANNEL_TYPES);
export type ChannelType = z.infer<typeof ChannelType>;

/** Jobs that were submitted together: their ends are told once, of all of them. */
export const Whole = z.object({ type: z.enum(['pipeline', 'sweep']), id: z.string() });
export type Whole = z.infer<typeof Whole>;

/**
 * The job as it was when there was something to tell; `message` is a sentence. With a `whole` that is what is told of,
 * and `kind` is its type.
 */
export const NoticeSubject = z.object({
  name: z.string(),
  kind: z.string(),
  message: z.string(),
  whole: Whole.nullable().default(null),
});
export type NoticeSubject = z.infer<typeof NoticeSubject>;

/** Where on the site it is seen. */
export const noticePath = (job: string, whole: Whole | null): string =>
  whole === null ? `/jobs/${job}` : `/${whole.type}s/${whole.id}`;

/** One attempt to tell it; `status` is what an HTTP server answered with, `problem` null where it was taken. */
export const NoticeTry = z.object({
  at: z.number(),
  ms: z.number(),
  status: z.number().nullable(),
  problem: z.string().nullable(),
});
export type NoticeTry = z.infer<typeof NoticeTry>;

/** As they are stored, separated by commas; what this version does not know is left out. */
export const eventsOf = (stored: string): NoticeEvent[] =>
  stored.split(',').flatMap((event) => NoticeEvent.safeParse(event).data ?? []);

/** The line that is seen first. */
export function noticeTitle(event: NoticeEvent | 'test', name: string): string {
  switch (event) {
    case 'done':
      return `${name} is finished`;
    case 'failed':
      return `${name} failed`;
    case 'waiting':
      return `${name} waits for you`;
    case 'at-risk':
      return `${name} may miss its deadline`;
    case 'test':
      return 'This is how the farm tells you';
    default:
      return event satisfies never;
  }
}
