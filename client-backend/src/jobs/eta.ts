import type { StageCounts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';

export type Measured = { started_at: number | null; finished_at: number | null };

/**
 * Seconds until the last chunk is done: remaining chunks x mean time of those
 * that finished last / how many were worked on at once. The latter is what runs
 * now, or what the recent chunks show (their summed times over the time they
 * span), whichever is more: between two short chunks nothing may run for a
 * moment, and a worker that has just joined shows in no finished chunk. Null
 * while nothing was measured. A running chunk counts as half done.
 */
export function etaSeconds(counts: StageCounts, recent: readonly Measured[]): number | null {
  const spans = recent.flatMap(({ started_at: from, finished_at: to }) =>
    from === null || to === null ? [] : [{ from, to: Math.max(from, to) }],
  );
  if (spans.length === 0) return null;
  const busy = spans.reduce((sum, span) => sum + (span.to - span.from), 0);
  const first = Math.min(...spans.map((span) => span.from));
  const last = Math.max(...spans.map((span) => span.to));
  const atOnce = Math.max(counts.running ?? 0, last > first ? busy / (last - first) : 1, 1);
  const remaining = (counts.queued ?? 0) + (counts.leased ?? 0) + (counts.running ?? 0) / 2;
  return (remaining * (busy / spans.length)) / Math.max(1, atOnce) / 1_000;
}
