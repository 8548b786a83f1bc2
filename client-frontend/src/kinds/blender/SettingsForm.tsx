import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import type { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { giveSettings } from '../../api/farm.ts';
import { jobQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import classes from '../../components/Form.module.css';
import { formatDuration, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { FileFields } from './FileFields.tsx';
import { type FormValues, problemsOf, renderedPixels, sceneOf, valuesOfScene } from './form-values.ts';
import { ImageFields } from './ImageFields.tsx';

type SettingsFormProps = {
  job: string;
  probe: BlenderProbe;
  first: FormValues;
  onScene(name: string): void;
};

export function SettingsForm({ job, probe, first, onScene }: SettingsFormProps) {
  const form = useForm<FormValues>({
    initialValues: first,
    validate: problemsOf,
    validateInputOnChange: ['frames'],
    validateInputOnBlur: true,
  });
  const queries = useQueryClient();
  const give = useMutation({
    mutationFn: (values: FormValues) => giveSettings(job, values),
    onSuccess: () => {
      // The page becomes another one, to be read from its top.
      window.scrollTo(0, 0);
      return queries.invalidateQueries(jobQuery(job));
    },
  });
  const changeScene = (name: string) => {
    form.setValues(valuesOfScene(sceneOf(probe, name)));
    form.clearErrors();
    onScene(name);
  };
  return (
    <Panel title="Settings" aside="The file’s own values, until you change them">
      <form noValidate onSubmit={form.onSubmit((values) => give.mutate(values))}>
        <div className={classes.grid}>
          <FileFields form={form} probe={probe} onScene={changeScene} />
          <ImageFields form={form} />
          {give.error !== null && (
            <p role="alert" className={classes.refusal}>
              {sentenceOf(give.error)}
            </p>
          )}
        </div>
        <div className={classes.foot}>
          <Total values={form.values} />
          <Button type="submit" size="md" loading={give.isPending}>
            Start rendering
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Total({ values }: { values: FormValues }) {
  const frames = useMemo(() => parseFrames(values.frames), [values.frames]);
  const { width, height } = renderedPixels(values);
  if (!frames.ok || Object.keys(problemsOf(values)).length > 0)
    return <div className={classes.total}>&nbsp;</div>;
  const count = frames.frames.length;
  const length = formatDuration((count / values.fps) * 1_000);
  return (
    <div className={classes.total} role="status">
      {plural(count, 'frame')} of {width} × {height}
      <span>{values.video === 'none' ? 'Frames only' : `${length} of video at ${values.fps} fps`}</span>
    </div>
  );
}
