import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { quoted } from './csv-name.ts';
import { resultRows, type Training } from './result-rows.ts';

/** Results that are in memory at a time. */
const PAGE = 2_000;

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

async function* historyRows(db: Db, of: Training, signal: AbortSignal): AsyncGenerator<Row> {
  const paths = { samples: '$.samples', seconds: '$.seconds', metrics: '$.metrics' };
  for await (const { round, shard, fields } of resultRows(db, of, paths, { most: PAGE, signal })) {
    const samples = shard === null ? null : Number(fields.samples);
    const metrics = Metrics.safeParse(fields.metrics).data ?? {};
    yield { round, shard, samples, seconds: Number(fields.seconds), metrics };
  }
}
