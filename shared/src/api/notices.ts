import { z } from 'zod';
import { JobId } from '../model/ids.ts';
import { NoticeEvent, Whole } from '../model/notice.ts';
import { strictObject } from '../model/strict-object.ts';

/** All below /api/v1/account/notices: of the team that I act in. Times in ms since 1970. */

export const NoticeView = z.object({
  /** Higher ones came later. */
  id: z.int(),
  event: NoticeEvent,
  /** As it was called then; of a whole, the name is that of the whole, and the job is the one that it ended with. */
  job: z.object({ id: JobId, name: z.string() }),
  /** Told of all of its jobs together. */
  whole: Whole.nullable().default(null),
  message: z.string(),
  at: z.number(),
  /** I have looked neither at it nor at the job since. */
  isNew: z.boolean(),
});
export type NoticeView = z.infer<typeof NoticeView>;

/** GET ?limit=: with 0, only how many are new. */
export const NoticeListQuery = strictObject({ limit: z.coerce.number().int().min(0).max(200).default(50) });
export const NoticeList = z.object({
  /** Of all, not of those in this list alone. */
  unread: z.int(),
  notices: z.array(NoticeView),
});
export type NoticeList = z.infer<typeof NoticeList>;

/**
 * POST read: those of a job, or of a whole and all of its jobs; or those of a list that was shown, by their ids, and all before the first of them. One of
 * between that was not in the list yet is new: ids are given when a change begins, and it is there when that has ended.
 */
export const ReadNotices = z.union([
  strictObject({ job: JobId }),
  strictObject({ whole: Whole }),
  strictObject({ shown: z.array(z.int()).min(1).max(200) }),
]);
export type ReadNotices = z.infer<typeof ReadNotices>;
export const UnreadNotices = z.object({ unread: z.int() });
