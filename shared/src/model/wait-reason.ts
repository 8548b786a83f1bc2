import { z } from 'zod';
import { StageId, WorkerId } from './ids.ts';
import { Requirement } from './requirement.ts';

const Count = z.int().nonnegative();

/** Why a worker does not run what it alone may run. `lacking`: it does not have, or lend, what it had when the job was made. */
const PinnedWhy = z.enum(['away', 'lacking', 'disabled', 'draining', 'not-lent-now', 'not-allowed']);
export type PinnedWhy = z.infer<typeof PinnedWhy>;
export const MOST_PINNED_TOLD = 8;

/**
 * Why work of a job waits, as the scheduler sees it. It speaks of no worker but those that the job's team may know of:
 * its own, and those that work for everyone; of what these do for other teams it tells that they do something.
 */
export const WaitReason = z.discriminatedUnion('code', [
  z.object({ code: z.literal('paused') }),
  /** The team, or who submitted it, has as many chunks with workers as they may. */
  z.object({ code: z.literal('limit'), of: z.enum(['team', 'person']), most: Count }),
  z.object({ code: z.literal('no-worker') }),
  /** None of `workers` connected ones meets the `needs`: none of these, or, of several, no worker all of them. */
  z.object({
    code: z.literal('lacking'),
    workers: Count,
    needs: z.array(Requirement).min(1),
    each: z.boolean(),
  }),
  /** There are workers that fit, and each is kept from it. A worker is counted once, by the first that holds of it. */
  z.object({
    code: z.literal('held-back'),
    fitting: Count,
    notAllowed: Count,
    disabled: Count,
    draining: Count,
    excluded: Count,
    /** Lent at other hours; the first of those begins at `from`, by the clocks of `timeZone`. */
    outOfHours: Count,
    lentFrom: z.object({ from: z.number(), timeZone: z.string() }).nullable(),
    /** Somebody else uses their machines. */
    inUse: Count,
  }),
  /** Parts that one worker alone may run, each by a worker that cannot now. The first of them, and how many more. */
  z.object({
    code: z.literal('pinned'),
    waits: z
      .array(z.object({ stage: StageId, ordinal: Count, worker: WorkerId, why: PinnedWhy }))
      .min(1)
      .max(MOST_PINNED_TOLD),
    more: Count,
  }),
  /** None of those that may run it offers by itself what each part asks for; `problem` is a sentence about it. */
  z.object({ code: z.literal('too-large'), fitting: Count, problem: z.string().max(2_000) }),
  /** Its parts are worked on together, by `fewest` workers at once: so many there are that reach each other, and are free now. */
  z.object({ code: z.literal('gang'), fewest: Count, places: Count, free: Count, kept: z.boolean() }),
  /** All that may run it are full. Of what they hold, some is … */
  z.object({
    code: z.literal('busy'),
    fitting: Count,
    urgent: z.boolean(),
    ofTeam: z.boolean(),
    ofOthers: z.boolean(),
  }),
  /** A worker has it, and has not begun. */
  z.object({ code: z.literal('assigned') }),
  /** It may be given to a worker in the next moment. */
  z.object({ code: z.literal('next') }),
]);
export type WaitReason = z.infer<typeof WaitReason>;
