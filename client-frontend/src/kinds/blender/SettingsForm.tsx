import { Button, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import type { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { RenderOverrides } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { giveSettings, patchJob } from '../../api/farm.ts';
import { jobQuery } from '../../api/queries.ts';
import { ProblemError, sentenceOf } from '../../api/request.ts';
import { editsOf, readDraft, writeDraft } from '../../components/draft.ts';
import classes from '../../components/Form.module.css';
import { formatDuration, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { PresetFields } from '../../components/PresetFields.tsx';
import { FileFields } from './FileFields.tsx';
import {
  type FormValues,
  presetOf,
  problemsOf,
  refusedFields,
  renderedPixels,
  sceneOf,
  valuesOfScene,
  withEdits,
  withPreset,
} from './form-values.ts';
import { ImageFields } from './ImageFields.tsx';
import { TestFrame } from './TestFrame.tsx';

type SettingsFormProps = {
  job: string;
  /** What the job is called so far. */
  name: string;
  probe: BlenderProbe;
  first: FormValues;
  onScene(name: string): void;
};

export function SettingsForm({ job, name, probe, first, onScene }: SettingsFormProps) {
  const draft = useMemo(() => readDraft(job), [job]);
  const [title, setTitle] = useState(typeof draft.title === 'string' ? draft.title : name);
  const form = useForm<FormValues>({
    initialValues: useMemo(() => restored(probe, first, draft.edits), [probe, first, draft]),
    validate: problemsOf,
    validateInputOnChange: ['frames'],
    validateInputOnBlur: true,
  });
  const box = useRef<HTMLFormElement>(null);
  const queries = useQueryClient();
  const give = useMutation({
    async mutationFn(values: FormValues) {
      const called = title.trim();
      if (called !== '' && called !== name) await patchJob(job, { name: called });
      await giveSettings(job, values);
    },
    onSuccess: () => {
      writeDraft(job, {});
      // The page becomes another one, to be read from its top.
      window.scrollTo(0, 0);
      return queries.invalidateQueries(jobQuery(job));
    },
  });
  /** What the form would hold had nobody touched it. */
  const untouched = (scene: string) => (scene === first.scene ? first : valuesOfScene(sceneOf(probe, scene)));
  const { values, setErrors } = form;
  const refused = give.error instanceof ProblemError ? give.error.problem : null;
  useEffect(() => {
    if (refused === null) return;
    const fields = refusedFields(refused);
    setErrors(fields);
    if (Object.keys(fields).length === 0) return;
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  }, [refused, setErrors]);
  useEffect(() => {
    const own = values.scene === first.scene ? first : valuesOfScene(sceneOf(probe, values.scene));
    const edits = {
      ...editsOf(values, own),
      ...(values.scene === first.scene ? {} : { scene: values.scene }),
    };
    writeDraft(job, {
      ...(Object.keys(edits).length > 0 ? { edits } : {}),
      ...(title === name ? {} : { title }),
    });
  }, [job, probe, first, values, title, name]);
  useEffect(() => onScene(values.scene), [onScene, values.scene]);
  const changeScene = (scene: string) => {
    form.setValues(withEdits(probe, untouched(scene), editsOf(values, untouched(values.scene))));
    form.clearErrors();
  };
  return (
    <Panel title="Settings" aside="The file’s own values, until you change them">
      <form ref={box} noValidate onSubmit={form.onSubmit((values) => give.mutate(values))}>
        <div className={classes.grid}>
          <TextInput
            className={classes.whole ?? ''}
            label="Name of the job"
            maxLength={200}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <PresetFields
            kind="blender"
            settings={presetOf(values)}
            onChoose={(preset) => form.setValues(withPreset(values, preset))}
          />
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
          <TestFrame job={job} name={title.trim() || name} values={form.values} />
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

/** The form as it was before a reload. */
function restored(probe: BlenderProbe, first: FormValues, edits: unknown): FormValues {
  // Field by field: one that was just being emptied costs none of the others.
  const known: Partial<FormValues> = Object.fromEntries(
    Object.entries(edits ?? {}).filter(
      ([field, value]) =>
        field in first && RenderOverrides.shape[field as keyof FormValues].safeParse(value).success,
    ),
  );
  const own =
    known.scene === undefined || known.scene === first.scene
      ? first
      : valuesOfScene(sceneOf(probe, known.scene));
  return withEdits(probe, own, known);
}
