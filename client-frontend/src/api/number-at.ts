import { queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { jobPath } from './farm.ts';
import { request } from './request.ts';

/** Which number a chunk of a stage has never changes. */
export const numberAtQuery = (id: string, stage: string, ordinal: number) =>
  queryOptions({
    queryKey: ['number-at', id, stage, ordinal],
    queryFn: ({ signal }) => getNumberAt(id, ordinal, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

// Of a ChunkList what is needed here: the list of jobs shows it, and the rest comes with the page of a job.
const Numbers = z.object({ chunks: z.array(z.object({ number: z.int().nullable() })) });

/** The number of the chunk at that place of the newest stage; null where it has none. */
async function getNumberAt(id: string, ordinal: number, signal?: AbortSignal): Promise<number | null> {
  const query = new URLSearchParams({ offset: String(ordinal), limit: '1' });
  const { chunks } = await request(Numbers, `${jobPath(id)}/chunks?${query}`, { signal });
  return chunks[0]?.number ?? null;
}
