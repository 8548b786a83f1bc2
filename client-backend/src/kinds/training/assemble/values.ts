import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { TrainResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { thinned } from '../rounds/curves.ts';
import { quoted } from './csv-name.ts';
import { resultRows, type Training } from './result-rows.ts';

/** Results that are in memory at a time: each may have 256 reports. */
const PAGE = 250;
/** Reports of all shards and rounds together. */
const MOST_REPORTS = 1_000_000;

const Reported = TrainResult.pick({ history: true, metrics: true });

/**
 * Every reported value as .csv, a line each: `at` runs from 0 to 1 over the round of the shard, and `shard` is empty for
 * the merged model. A worker hands over at most 256 reports of a shard's round, thinned out evenly; more than a million
 * in a training are thinned out again.
 */
export async function* valuesCsv(
  db: Db,
  of: Training & { rounds: number },
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield 'round,shard,at,name,value\n';
  const each = Math.max(1, Math.floor(MOST_REPORTS / (of.rounds * of.shards)));
  const paths = { metrics: '$.metrics', history: '$.history' };
  for await (const { round, shard, fields } of resultRows(db, of, paths, { most: PAGE, signal })) {
    const place = `${round},${shard === null ? '' : shard + 1}`;
    const { history, metrics } = Reported.safeParse(fields).data ?? NOTHING;
    const last = shard === null ? (Metrics.safeParse(fields.metrics).data ?? {}) : metrics;
    const before = history.filter(({ at }) => at < 1);
    const end: Metrics = Object.assign({}, ...history.slice(before.length).map(({ values }) => values), last);
    const lines = [...thinned(before, each), { at: 1, values: end }].flatMap(({ at, values }) =>
      Object.entries(values).map(([name, value]) => `${place},${at},${quoted(name)},${value}\n`),
    );
    yield lines.join('');
  }
}

const NOTHING = { history: [], metrics: {} };
