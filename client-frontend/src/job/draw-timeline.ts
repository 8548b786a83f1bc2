import { formatDuration } from '../components/format.ts';
import { type Span, type TimelineLayout, timeMarks } from './timeline-layout.ts';

/** Pixels above the first lane, for the time marks. */
export const TOP = 24;
export const LANE_HEIGHT = 30;
const BLOCK = 20;

/** How what came to nothing ended. */
const FADED: ReadonlySet<Span['outcome']> = new Set(['released', 'preempted', 'superseded', 'canceled']);

type Extent = { now: number; width: number; height: number };

/** Room for the workers' names on the left. */
const nameWidth = (width: number): number => (width < 560 ? 76 : 130);

export function drawTimeline(canvas: HTMLCanvasElement, layout: TimelineLayout, extent: Extent): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { width, height } = extent;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const color = (name: string) => style.getPropertyValue(name).trim();
  context.font = `500 12.5px ${style.fontFamily}`;
  context.textBaseline = 'middle';
  drawMarks(context, layout, extent, color);
  const place = placing(layout, width);
  for (const [index, lane] of layout.lanes.entries()) {
    const middle = TOP + index * LANE_HEIGHT + LANE_HEIGHT / 2;
    context.fillStyle = color('--text');
    if (layout.lanes[index - 1]?.worker !== lane.worker) {
      context.fillText(shorten(context, lane.name, nameWidth(width) - 12), 0, middle);
    }
    for (const span of lane.spans) {
      const from = place(span.from);
      const long = Math.max(1.5, place(span.to ?? extent.now) - from - 1);
      context.fillStyle = color(colorOf(span));
      context.globalAlpha = FADED.has(span.outcome) ? 0.45 : 1;
      context.beginPath();
      context.roundRect(from, middle - BLOCK / 2, long, BLOCK, Math.min(4, long / 3));
      context.fill();
    }
    context.globalAlpha = 1;
  }
}

/** The span under a point of the canvas, or null. */
export function spanAt(
  layout: TimelineLayout,
  { now, width }: { now: number; width: number },
  x: number,
  y: number,
): Span | null {
  const lane = layout.lanes[Math.floor((y - TOP) / LANE_HEIGHT)];
  const place = placing(layout, width);
  return lane?.spans.find((span) => x >= place(span.from) - 1 && x <= place(span.to ?? now) + 1) ?? null;
}

function placing({ from, to }: TimelineLayout, width: number): (at: number) => number {
  const left = nameWidth(width);
  const span = Math.max(1, to - from);
  return (at) => left + ((at - from) / span) * (width - left);
}

function drawMarks(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  { width, height }: Extent,
  color: (name: string) => string,
): void {
  const place = placing(layout, width);
  for (const mark of timeMarks(layout.to - layout.from, Math.max(2, Math.floor(width / 130)))) {
    const x = Math.round(place(layout.from + mark)) + 0.5;
    context.strokeStyle = color('--line');
    context.beginPath();
    context.moveTo(x, 18);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = color('--muted');
    const text =
      mark === 0 ? 'start' : formatDuration(Math.round(mark / 1_000) * 1_000).replace('.0 s', ' s');
    const wide = context.measureText(text).width;
    context.fillText(text, Math.min(Math.max(0, x - (mark === 0 ? 0 : wide / 2)), width - wide), 8);
  }
}

function colorOf(span: Span): string {
  if (span.to === null) return '--state-running';
  if (span.outcome === 'failed' || span.outcome === 'expired') return '--state-failed';
  return span.outcome === 'done' ? '--state-done' : '--state-canceled';
}

function shorten(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let short = text;
  while (short.length > 1 && context.measureText(`${short}…`).width > width) short = short.slice(0, -1);
  return `${short}…`;
}
