import { z } from 'zod';

const Count = z.int().nonnegative();

/** What the shards of a round sent and were sent, in bytes. `early`: of those sent, what was on its way while steps were made. */
export const RoundBytes = z.object({ sent: Count, received: Count, early: Count.default(0) });
