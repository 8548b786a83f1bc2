import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import { useNow } from '../components/clock.ts';
import { formatDuration, plural } from '../components/format.ts';
import { Panel } from '../components/Panel.tsx';
import classes from './Timeline.module.css';
import { TimelineCanvas } from './TimelineCanvas.tsx';
import { layOutTimeline, type Span, workerSummary } from './timeline-layout.ts';

type TimelinePanelProps = {
  spans: Span[] | undefined;
  /** What a block is: "part". */
  one: string;
  onOpen(ordinal: number): void;
  /** Whether a block can be looked into; all can where it is left out. */
  canOpen?(span: Span): boolean;
};

/** Who worked when: a lane for each worker over time. */
export function TimelinePanel({ spans, one, onOpen, canOpen = () => true }: TimelinePanelProps) {
  const working = spans?.some((span) => span.to === null) ?? false;
  const now = useNow(working ? 1_000 : 60_000);
  const { ref, width } = useElementSize<HTMLDivElement>();
  const layout = useMemo(() => layOutTimeline(spans ?? [], now), [spans, now]);
  const told = workerSummary(layout.lanes)
    .map(({ name, done, medianMs }) =>
      medianMs === null
        ? `${name}: at work`
        : `${name}: ${plural(done, one)}, ${formatDuration(medianMs)} each`,
    )
    .join('; ');
  return (
    <Panel title="Timeline" aside={`Each block is one ${one} on one worker`}>
      <div ref={ref} className={classes.measure}>
        {spans?.length === 0 && <p className={classes.quiet}>It begins with the first {one}.</p>}
        {layout.lanes.length > 0 && width > 0 && (
          <TimelineCanvas
            layout={layout}
            now={now}
            width={width}
            told={told}
            onOpen={onOpen}
            canOpen={canOpen}
          />
        )}
      </div>
    </Panel>
  );
}
