import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { loadHistory } from '@parallel-pilot/shared/server/db/load.ts';
import { JUDGED } from './backtest.ts';
import { seriesOf } from './series.ts';

/**
 * Quarter hours without a gap, oldest first, as a table in RFC 4180 with a line of names. The last two weeks are left
 * out: by these networks are judged, and what one has seen it would be said to know.
 */
export async function historyTable({ db, clock }: { db: Db; clock: Clock }): Promise<string> {
  const rows = await loadHistory(db);
  const end = quarterOf(clock()) - JUDGED * QUARTER_MS;
  const before = rows.filter(({ at }) => at < end);
  const demand = seriesOf(
    before.map(({ at, arrived_ms, open_ms }) => ({ at, value: arrived_ms + open_ms })),
    end,
  );
  const capacity = seriesOf(
    before.map(({ at, capacity_ms }) => ({ at, value: capacity_ms })),
    end,
  );
  const lines = Array.from(
    demand.values,
    (value, place) => `${demand.from + place * QUARTER_MS},${value},${capacity.values[place] ?? 0}\r\n`,
  );
  return `at_ms,demand_ms,capacity_ms\r\n${lines.join('')}`;
}
