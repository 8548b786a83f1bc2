import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useMemo, useState } from 'react';
import classes from '../../components/Form.module.css';
import { Found } from './Found.tsx';
import { type FormValues, firstValues, sceneOf } from './form-values.ts';
import { OpenedWith } from './OpenedWith.tsx';
import { renderOf } from './render-job.ts';
import { SettingsForm } from './SettingsForm.tsx';

/** What the probe found, and the form with the file's own values. */
export function Review({ job }: { job: JobDetail }) {
  const render = renderOf(job);
  const { probe } = render;
  const [sceneName, setSceneName] = useState<string | null>(null);
  const { settings, overrides } = render;
  const first = useMemo<FormValues | null>(
    () => probe && firstValues(probe, { settings, overrides }),
    [probe, settings, overrides],
  );
  if (probe === null || first === null) return null;
  return (
    <div className={classes.columns}>
      <SettingsForm job={job.id} name={job.name} probe={probe} first={first} onScene={setSceneName} />
      <div className={classes.side}>
        <Found probe={probe} scene={sceneOf(probe, sceneName ?? first.scene)} />
        <OpenedWith job={job} />
      </div>
    </div>
  );
}
