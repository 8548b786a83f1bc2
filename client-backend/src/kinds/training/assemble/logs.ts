import { type ChunkId, chunkId, type JobId } from '@parallel-pilot/shared/model/ids.ts';
import { type Attempt, attemptsOf } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { type StageHead, stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { roundOf } from '../rounds/round-stages.ts';

const PAGE = 200;

/** The last lines of every attempt of a training, stage after stage, in pages. */
export async function* trainingLogs(db: Db, job: JobId, signal: AbortSignal): AsyncGenerator<string> {
  let labels = new Map<ChunkId, string>();
  for (const stage of await stagesOf(db, job)) {
    for (let ordinal = 0; ordinal < stage.chunk_count; ordinal += 1) {
      labels.set(chunkId(stage.id, ordinal), labelOf(stage, ordinal));
      if (labels.size < PAGE) continue;
      signal.throwIfAborted();
      yield* pageOf(db, labels);
      labels = new Map();
    }
  }
  yield* pageOf(db, labels);
}

async function* pageOf(db: Db, labels: ReadonlyMap<ChunkId, string>): AsyncGenerator<string> {
  const attempts = Map.groupBy(await attemptsOf(db, [...labels.keys()]), (attempt) => attempt.chunk);
  for (const [chunk, label] of labels) {
    for (const attempt of attempts.get(chunk) ?? []) yield textOf(label, attempt);
  }
}

function labelOf(stage: StageHead, ordinal: number): string {
  switch (stage.name) {
    case 'environment':
      return 'Packages';
    case 'initialize':
      return 'First weights';
    case 'train':
      return `Round ${roundOf(stage)}, shard ${ordinal + 1}`;
    case 'shares':
    case 'masked':
    case 'unmask':
      return `Round ${roundOf(stage)}, secure aggregation, part ${ordinal + 1}`;
    case 'merge':
      return `Round ${roundOf(stage)}, merge`;
    default:
      return 'Evaluation';
  }
}

function textOf(label: string, attempt: Attempt): string {
  const { worker_name, worker, outcome, busy_ms, failure_message, log } = attempt;
  const time = busy_ms === null ? '' : ` in ${(busy_ms / 1_000).toFixed(1)} s`;
  const lines = [
    `== ${label} on ${worker_name ?? worker}: ${outcome ?? 'not ended'}${time}`,
    failure_message,
    log?.trimEnd(),
  ];
  return `${lines.filter(Boolean).join('\n')}\n\n`;
}
