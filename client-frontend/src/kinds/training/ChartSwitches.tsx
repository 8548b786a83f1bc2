import { SegmentedControl, Switch } from '@mantine/core';
import { useId } from 'react';
import { type ChartView, SMOOTHINGS } from './chart-view.ts';
import classes from './Training.module.css';

type ChartSwitchesProps = { view: ChartView; canBeLog: boolean; onChange(view: ChartView): void };

/** How the lines are drawn: as they are or smoothed, on an even or a logarithmic scale. */
export function ChartSwitches({ view, canBeLog, onChange }: ChartSwitchesProps) {
  const id = useId();
  return (
    <div className={classes.switches}>
      <span id={id}>Smoothing</span>
      <SegmentedControl
        size="xs"
        aria-labelledby={id}
        data={[...SMOOTHINGS]}
        value={String(view.smoothing)}
        onChange={(value) => onChange({ ...view, smoothing: Number(value) })}
      />
      <Switch
        size="sm"
        label="Logarithmic"
        disabled={!canBeLog}
        checked={view.log && canBeLog}
        onChange={({ currentTarget }) => onChange({ ...view, log: currentTarget.checked })}
      />
    </div>
  );
}
