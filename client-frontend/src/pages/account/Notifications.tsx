import { Switch } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { notices } from '../../app/notices.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from '../people/People.module.css';

/** Of this browser alone: it is the one that tells. */
export function Notifications() {
  const on = useSyncExternalStore(notices.subscribe, notices.get) === 'on';
  return (
    <Panel title="Notifications">
      {notices.possible() ? (
        <Switch
          label="This browser tells me when a job that I began in it is over"
          checked={on}
          onChange={(event) => void notices.turn(event.currentTarget.checked ? 'on' : 'off')}
        />
      ) : (
        <p className={classes.empty}>
          This browser lets pages tell nothing here: it was told not to, or the farm is not served over HTTPS.
        </p>
      )}
    </Panel>
  );
}
