import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { addArrived, noteLoad } from '@parallel-pilot/shared/server/db/load.ts';
import { rhythmOfWork } from '../../client-backend/src/forecast/rhythm.fixture.ts';

const ROWS = 1_000;

/** Writes weeks of a farm's life up to now, as its balancer would have: work by day, two workers, five at night. */
export async function writeLoadHistory(db: Db, weeks: number): Promise<void> {
  const { values } = rhythmOfWork({ weeks, holiday: 7 * weeks - 10 });
  const week = 7 * 24 * 60 * 60_000;
  // The weekday that it is in the rhythm is the one that it is.
  const now = quarterOf(Date.now());
  const from = now - values.length * QUARTER_MS;
  const shift = ((from - Date.UTC(2026, 0, 5)) % week) / QUARTER_MS;
  const rows = Array.from(values, (_, place) => {
    const at = from + place * QUARTER_MS;
    const workers = new Date(at).getUTCHours() < 6 ? 5 : 2;
    const value = values[(place + shift) % values.length] ?? 0;
    return { at, value, workers };
  });
  for (let at = 0; at < rows.length; at += ROWS) {
    const some = rows.slice(at, at + ROWS);
    await addArrived(db, new Map(some.map((row) => [row.at, row.value])));
    const noted = some.map((row) => ({
      at: row.at,
      waiting_ms: 0,
      capacity_ms: row.workers * QUARTER_MS,
      speed: row.workers,
      workers: row.workers,
      noted_at: row.at,
    }));
    await noteLoad(db, noted);
  }
}
