import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { BlobStore, StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { iterationsOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { curvesOf } from '../rounds/curves.ts';
import { roundOf } from '../rounds/round-stages.ts';
import { ArchiveWriter } from '../split/sink.ts';
import { eventFile, eventFileName, type Scalar } from './event-file.ts';

/** Steps of a round: event files count whole numbers, and what a shard reports lies within a round. */
const STEPS = 1_000;

/**
 * The curves of a training as a .zip of event files, a folder for the merged model and for each shard, at most 2,000
 * points each; null where nothing was reported. Unpacked, `tensorboard --logdir` shows them.
 */
export async function tensorboardZip(
  { db, blobs }: { db: Db; blobs: BlobStore },
  job: JobId,
): Promise<StoredBlob | null> {
  const { lines } = await curvesOf(db, job, 0);
  if (lines.length === 0) return null;
  const timeAt = clockOf(await iterationsOf(db, job, 'train'));
  const archive = new ArchiveWriter(blobs, { large: false });
  try {
    for (const { shard, points } of lines) {
      const scalars = points.flatMap(({ x, values }): Scalar[] =>
        Object.entries(values).map(([tag, value]) => ({
          seconds: timeAt(x),
          step: Math.round(x * STEPS),
          tag,
          value,
        })),
      );
      const run = shard === null ? 'merged' : `shard-${shard + 1}`;
      const sink = archive.begin(`${run}/${eventFileName(timeAt(0))}`);
      for (const piece of eventFile(scalars)) await sink.put(piece);
      await archive.end();
    }
    return await archive.finish();
  } catch (error) {
    await archive.abort();
    throw error;
  }
}

type Stage = Awaited<ReturnType<typeof iterationsOf>>[number];

/** When a training had come so many rounds far, in seconds since 1970. */
function clockOf(trains: readonly Stage[]): (x: number) => number {
  const begun = new Map(trains.map((stage) => [roundOf(stage), stage.planned_at]));
  const over = trains.at(-1)?.closed_at ?? trains.at(-1)?.planned_at ?? 0;
  const start = (round: number): number => begun.get(round) ?? over;
  return (x) => {
    const round = Math.floor(x) + 1;
    return (start(round) + (x - Math.floor(x)) * (start(round + 1) - start(round))) / 1_000;
  };
}
