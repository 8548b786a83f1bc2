import { useComputedColorScheme } from '@mantine/core';
import { type MouseEvent, useEffect, useRef, useState } from 'react';
import { formatDuration } from '../components/format.ts';
import { drawTimeline, LANE_HEIGHT, spanAt, TOP } from './draw-timeline.ts';
import classes from './Timeline.module.css';
import type { Span, TimelineLayout } from './timeline-layout.ts';

type TimelineCanvasProps = {
  layout: TimelineLayout;
  now: number;
  width: number;
  /** The same in words. */
  told: string;
  onOpen(ordinal: number): void;
  canOpen(span: Span): boolean;
};

export function TimelineCanvas({ layout, now, width, told, onOpen, canOpen }: TimelineCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme();
  const [hover, setHover] = useState<{ span: Span; x: number; y: number } | null>(null);
  const height = TOP + layout.lanes.length * LANE_HEIGHT + 4;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours it reads change with the scheme
  useEffect(() => {
    if (canvas.current !== null) drawTimeline(canvas.current, layout, { now, width, height });
  }, [layout, now, width, height, scheme]);
  const at = (event: MouseEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const span = spanAt(layout, { now, width }, x, y);
    return span === null ? null : { span, x: event.clientX, y: event.clientY };
  };
  return (
    <div className={classes.plot} style={{ height }}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Timeline of the workers. ${told}`}
        style={{ width, height, cursor: hover !== null && canOpen(hover.span) ? 'pointer' : 'default' }}
        onMouseMove={(event) => setHover(at(event))}
        onMouseLeave={() => setHover(null)}
        onClick={(event) => {
          const hit = at(event);
          if (hit !== null && canOpen(hit.span)) onOpen(hit.span.ordinal);
        }}
      />
      {hover !== null && (
        <div data-tip className={classes.tip} style={tipPlace(hover)}>
          <b>{hover.span.label}</b>
          {hover.span.workerName}, {formatDuration((hover.span.to ?? now) - hover.span.from)}
          {hover.span.to === null ? ' so far' : ''}
        </div>
      )}
    </div>
  );
}

const TIP = { width: 240, height: 88 };

/** Beside the pointer and inside the window: it is fixed there, since the panel would cut it off. */
const tipPlace = ({ x, y }: { x: number; y: number }) => ({
  left: Math.max(8, Math.min(x + 12, window.innerWidth - TIP.width - 8)),
  top: y + 16 + TIP.height > window.innerHeight ? y - TIP.height - 8 : y + 16,
});
