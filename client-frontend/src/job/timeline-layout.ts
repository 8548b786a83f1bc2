import type { Timeline } from '@parallel-pilot/shared/api/chunks.ts';

export type Span = Timeline['spans'][number];
export type Lane = { worker: string; name: string; spans: Span[] };
export type TimelineLayout = { from: number; to: number; lanes: Lane[] };

/** The spans of this stage alone: looking into the file was work too, but of another stage. */
export const spansOf = (spans: readonly Span[], nameOf: (ordinal: number) => string): Span[] =>
  spans.filter((span) => span.label === nameOf(span.ordinal));

/** One lane for each worker, or more where it does several chunks at once, over the time from the first span to the last. */
export function layOutTimeline(spans: readonly Span[], now: number): TimelineLayout {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  const byWorker = Map.groupBy(sorted, (span) => span.worker as string);
  const lanes = [...byWorker.entries()]
    .map(([worker, own]) => ({ worker, name: own[0]?.workerName ?? worker, own }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .flatMap(({ worker, name, own }) => stack(own, now).map((lane) => ({ worker, name, spans: lane })));
  const ends = sorted.map((span) => span.to ?? now);
  return { from: sorted[0]?.from ?? now, to: ends.reduce((a, b) => Math.max(a, b), 0) || now, lanes };
}

function stack(spans: readonly Span[], now: number): Span[][] {
  const lanes: Span[][] = [];
  for (const span of spans) {
    const free = lanes.find((lane) => {
      const last = lane.at(-1);
      return last === undefined || (last.to ?? now) <= span.from + slack(last, span, now);
    });
    if (free === undefined) lanes.push([span]);
    else free.push(span);
  }
  return lanes;
}

/** A worker starts its next chunk while the end of the one before is still being written down. */
function slack(last: Span, next: Span, now: number): number {
  const shorter = Math.min((last.to ?? now) - last.from, (next.to ?? now) - next.from);
  return Math.min(500, shorter / 2);
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];

/** Round places for marks on a time axis, in ms from its start, about `wanted` of them. */
export function timeMarks(lengthMs: number, wanted: number): number[] {
  const seconds = lengthMs / 1_000;
  const step = STEPS_S.find((candidate) => seconds / candidate <= wanted) ?? 172_800;
  const marks: number[] = [];
  for (let at = 0; at <= seconds; at += step) marks.push(at * 1_000);
  return marks;
}

/** How many chunks each worker finished and how long its middle one took, ms; null while none is finished. */
export function workerSummary(lanes: readonly Lane[]) {
  const byWorker = Map.groupBy(lanes, (lane) => lane.worker);
  return [...byWorker.values()].map((own) => {
    const done = own.flatMap((lane) =>
      lane.spans.filter((span) => span.outcome === 'done' && span.to !== null),
    );
    const times = done.map((span) => (span.to ?? span.from) - span.from).sort((a, b) => a - b);
    return {
      name: own[0]?.name ?? '',
      done: done.length,
      medianMs: times[Math.floor(times.length / 2)] ?? null,
    };
  });
}
