import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import { useNow } from '../../components/clock.ts';
import { formatDuration, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { useFrameSpans } from './frame-spans.ts';
import classes from './Timeline.module.css';
import { TimelineCanvas } from './TimelineCanvas.tsx';
import { layOutTimeline, workerSummary } from './timeline-layout.ts';

/** Who worked when: a lane for each worker over time. */
export function TimelinePanel({ job, onOpen }: { job: string; onOpen(ordinal: number): void }) {
  const spans = useFrameSpans(job);
  const working = spans?.some((span) => span.to === null) ?? false;
  const now = useNow(working ? 1_000 : 60_000);
  const { ref, width } = useElementSize<HTMLDivElement>();
  const layout = useMemo(() => layOutTimeline(spans ?? [], now), [spans, now]);
  const told = workerSummary(layout.lanes)
    .map(({ name, done, medianMs }) =>
      medianMs === null
        ? `${name}: at work`
        : `${name}: ${plural(done, 'frame')}, ${formatDuration(medianMs)} each`,
    )
    .join('; ');
  return (
    <Panel title="Timeline" aside="Each block is one frame on one worker">
      <div ref={ref} className={classes.measure}>
        {spans?.length === 0 && <p className={classes.quiet}>It begins with the first frame.</p>}
        {layout.lanes.length > 0 && width > 0 && (
          <TimelineCanvas layout={layout} now={now} width={width} told={told} onOpen={onOpen} />
        )}
      </div>
    </Panel>
  );
}
