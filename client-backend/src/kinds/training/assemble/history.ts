import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { resultFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import { iterationsOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { roundOf } from '../rounds/round-stages.ts';

/** Results that are in memory at a time. */
const PAGE = 2_000;

type Training = { job: JobId; shards: number };
type Row = { round: number; shard: number | null; samples: number | null; seconds: number; metrics: Metrics };

/**
 * All rounds of a training as .csv: a line for every shard of a round, then one
 * for its merge, of which `shard` is empty. Reads everything twice, since the
 * names of the columns stand first.
 */
export async function* historyCsv(db: Db, of: Training, signal: AbortSignal): AsyncGenerator<string> {
  const names = new Set<string>();
  for await (const row of historyRows(db, of, signal)) {
    for (const name of Object.keys(row.metrics)) names.add(name);
  }
  yield `${['round', 'shard', 'samples', 'seconds', ...names].map(quoted).join(',')}\n`;
  for await (const { round, shard, samples, seconds, metrics } of historyRows(db, of, signal)) {
    const figures = [...names].map((name) => metrics[name] ?? '');
    yield `${[round, shard === null ? '' : shard + 1, samples ?? '', seconds, ...figures].join(',')}\n`;
  }
}

// A spreadsheet would take a name that begins so for a formula.
const quoted = (name: string): string => {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

async function* historyRows(db: Db, { job, shards }: Training, signal: AbortSignal): AsyncGenerator<Row> {
  const limit = Math.max(1, Math.floor(PAGE / shards));
  for (let after = 0; ; after += limit) {
    signal.throwIfAborted();
    const page = { after, limit };
    const trains = await iterationsOf(db, job, 'train', page);
    if (trains.length === 0) return;
    const merges = await iterationsOf(db, job, 'merge', page);
    const stages = [...trains, ...merges];
    const rounds = new Map(stages.map((stage) => [stage.id, stage]));
    const paths = { samples: '$.samples', seconds: '$.seconds', metrics: '$.metrics' };
    const results = await resultFields(
      db,
      stages.map((stage) => stage.id),
      paths,
    );
    const rows = results.map(({ stage_id, ordinal, fields }): Row & { place: number } => {
      const stage = rounds.get(stage_id);
      const merged = stage?.name === 'merge';
      return {
        round: stage === undefined ? 0 : roundOf(stage),
        place: stage?.ordinal ?? 0,
        shard: merged ? null : ordinal,
        samples: merged ? null : Number(fields.samples),
        seconds: Number(fields.seconds),
        metrics: Metrics.safeParse(fields.metrics).data ?? {},
      };
    });
    yield* rows.sort((a, b) => a.place - b.place);
  }
}
