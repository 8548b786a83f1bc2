import type { Parts } from '../parts.ts';
import { createJobEngine, type JobEngine } from './engine.ts';

const engines = new WeakMap<Parts['db'], JobEngine>();

/**
 * The one engine of these parts: the routes that change jobs and the loop that
 * brings them forward must share it, and both are made from the parts alone.
 */
export function engineOf(parts: Parts): JobEngine {
  const known = engines.get(parts.db);
  if (known !== undefined) return known;
  const engine = createJobEngine(parts);
  engines.set(parts.db, engine);
  return engine;
}
