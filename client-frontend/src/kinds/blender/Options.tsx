import { SegmentedControl, Stack, Switch } from '@mantine/core';
import { useId } from 'react';
import type { CreationOptions } from '../kind.ts';
import { readOptions } from './creation-options.ts';
import classes from './Options.module.css';

type OptionsProps = { options: CreationOptions; onChange(options: CreationOptions): void };

/** What has to be known before Blender opens the file. */
export function Options({ options, onChange }: OptionsProps) {
  const { scripts, onFailure } = readOptions(options);
  const label = useId();
  return (
    <Stack gap="lg">
      <Switch
        label="Run the scripts stored in the file"
        description="Off is safe. Switch it on for files you trust whose rig or drivers need Python."
        checked={scripts ?? false}
        onChange={(event) => onChange({ ...options, scripts: event.currentTarget.checked })}
      />
      <div>
        <div id={label} className={classes.label}>
          When a frame fails three times
        </div>
        <SegmentedControl
          aria-labelledby={label}
          fullWidth
          value={onFailure}
          onChange={(value) => onChange({ ...options, onFailure: value })}
          data={[
            { value: 'finish-others', label: 'Finish the others' },
            { value: 'stop', label: 'Stop the job' },
          ]}
        />
      </div>
    </Stack>
  );
}
