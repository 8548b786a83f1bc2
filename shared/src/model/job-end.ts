import { z } from 'zod';

/** By when something should be done, ms since 1970; not before this century, nor after the next. */
export const Deadline = z.int().min(946_684_800_000).max(7_258_118_400_000);

/** When something is expected, ms since 1970: in eight of ten cases between `from` and `to`, as often before `middle` as after it. */
export const EndRange = z.object({ from: z.number(), middle: z.number(), to: z.number() });
export type EndRange = z.infer<typeof EndRange>;

export const DEADLINE_CODES = ['unknown', 'met', 'close', 'missed', 'past'] as const;
/**
 * How a deadline stands. `unknown`: nothing is known yet of how long its work takes; `met`: nine of ten such jobs meet it;
 * `close`: it may be missed; `missed`: it is expected to be; `past`: it was.
 */
export type DeadlineCode = (typeof DEADLINE_CODES)[number];
