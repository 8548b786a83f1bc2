import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import type { LoadSample } from '@parallel-pilot/shared/server/db/load.ts';
import { type Farm, isPresent } from './farm.ts';
import { LOAD_NOTE_MS } from './load-record.ts';

/** While a process stands still for longer than that, nobody knows what workers could have done. */
const LONGEST_STEP_MS = 10_000;

/** What all present workers do in a millisecond, and how many they are. */
export function presence(farm: Farm): { speed: number; workers: number } {
  let [speed, workers] = [0, 0];
  for (const worker of farm.workers.values()) {
    if (!isPresent(worker)) continue;
    workers += 1;
    speed += worker.slots * worker.speed;
  }
  return { speed, workers };
}

/**
 * Counts what workers could do up to now. Gives back the quarters to be written: none between two notes, and at a
 * quarter's end that one as it came to be, with the new one.
 */
export function countCapacity(farm: Farm, now: number): Omit<LoadSample, 'waiting_ms'>[] {
  const { load } = farm;
  const { speed, workers } = presence(farm);
  const from = Math.max(load.countedAt, now - LONGEST_STEP_MS);
  const sample = () => ({
    at: load.quarter,
    capacity_ms: Math.round(load.capacityMs),
    speed,
    workers,
    noted_at: now,
  });
  const samples: Omit<LoadSample, 'waiting_ms'>[] = [];
  const quarter = quarterOf(now);
  if (quarter !== load.quarter) {
    const end = load.quarter + QUARTER_MS;
    load.capacityMs += speed * Math.max(0, Math.min(now, end) - from);
    samples.push({ ...sample(), noted_at: end });
    Object.assign(load, { quarter, capacityMs: 0, notedAt: 0 });
  }
  load.capacityMs += speed * Math.max(0, now - Math.max(from, load.quarter));
  load.countedAt = now;
  if (now - load.notedAt < LOAD_NOTE_MS) return samples;
  load.notedAt = now;
  return [...samples, sample()];
}
