import { z } from 'zod';
import { CHUNK_STATUSES } from '../model/chunk.ts';
import { WorkerId } from '../model/ids.ts';

/** One chunk's change. `worker` while leased, running or done. */
export const ChunkChange = z.object({
  ordinal: z.int().nonnegative(),
  status: z.enum(CHUNK_STATUSES),
  worker: WorkerId.nullable(),
});
export type ChunkChange = z.infer<typeof ChunkChange>;
