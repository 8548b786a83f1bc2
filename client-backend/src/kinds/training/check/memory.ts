import { ChunkId, type LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import type { Inspection } from './inspect-weights.ts';

const Memory = z.object({
  /**
   * By lease, how much the updates that could be read change the weights. What one attempt delivered never changes:
   * after one chunk was made again, the others need not be read again.
   */
  changes: z.record(z.string(), z.number().nullable()),
  /** The newest attempt of each chunk that was made again for changing the weights far more than others do. */
  named: z.record(ChunkId, z.object({ lease: z.string(), change: z.number() })),
});

/** What the looks at a stage's results before this one found. */
export type Memory = z.infer<typeof Memory>;

export const memoryOf = ({ memory_json }: Pick<StageRow, 'memory_json'>): Memory =>
  memory_json === null ? { changes: {}, named: {} } : Memory.parse(JSON.parse(memory_json));

/** Null for an attempt that was not looked at before, or could not be used. */
export function inspectionBefore(memory: Memory, lease: LeaseId | null): Inspection | null {
  const change = lease === null ? undefined : memory.changes[lease];
  return change === undefined ? null : { ok: true, change };
}

/** The changes that can be written down: one that is not finite is read again. */
export function changesOf(
  looked: readonly { lease: LeaseId | null; inspection: Inspection }[],
): Memory['changes'] {
  const changes: Memory['changes'] = {};
  for (const { lease, inspection } of looked) {
    if (lease === null || !inspection.ok) continue;
    if (inspection.change === null || Number.isFinite(inspection.change)) changes[lease] = inspection.change;
  }
  return changes;
}
