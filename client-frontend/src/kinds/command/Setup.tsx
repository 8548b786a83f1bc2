import { Button, Checkbox, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { MANY_RUNS } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { useEffect, useMemo, useState } from 'react';
import { submission, useSubmission } from '../../app/submission.ts';
import { editsOf, readDraft, writeDraft } from '../../components/draft.ts';
import classes from '../../components/Form.module.css';
import { formatCount, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import own from './Command.module.css';
import type { Elsewhere } from './elsewhere.ts';
import { FirstRuns } from './FirstRuns.tsx';
import { groupsOf } from './file-groups.ts';
import {
  type Filled,
  type FormValues,
  firstValues,
  jobOf,
  readForm,
  tableOf,
  tablesIn,
} from './form-values.ts';
import { likelyCommand, type Place, placesOf } from './places.ts';

const DRAFT = 'command';

type Form = UseFormReturnType<FormValues>;
type Part = { form: Form; problems: Filled['problems']; places: readonly Place[] };

/** What is run, and for what, asked while the files are on their way; beside it the first runs as they will be. `elsewhere` is what another kind adds. */
export function Setup({ elsewhere = null }: { elsewhere?: Elsewhere | null }) {
  const state = useSubmission();
  const files = state.phase === 'idle' ? [] : state.files;
  const names = files.map(({ part }) => part).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same names are the same places
  const places = useMemo(() => placesOf(files), [names]);
  const form = useForm<FormValues>({
    initialValues: useMemo(
      () => ({ ...firstValues(), command: likelyCommand(places), ...readDraft(DRAFT) }),
      [places],
    ),
  });
  const { values } = form;
  const table = useTable(values, places);
  const filled = useMemo(
    () => readForm(values, places, table, elsewhere),
    [values, places, table, elsewhere],
  );
  const over = state.phase === 'created';
  useEffect(() => writeDraft(DRAFT, over ? {} : editsOf(values, firstValues())), [values, over]);
  const message = state.phase === 'refused' && state.stored ? state.message : null;
  // Said once, the files alone are waited for; a refused upload is tried again where it is told.
  const waiting = submission.submitted() && state.phase !== 'refused';
  const sent = state.phase === 'creating' || over;
  const problems = { ...filled.problems, ...filled.where?.problems };
  const isWhole = Object.keys(problems).length === 0 && (values.source !== 'table' || table !== null);
  const part = { form, places: filled.along, problems: filled.problems };
  return (
    <div className={own.stack}>
      <Panel title="What runs">
        <form
          noValidate
          onSubmit={form.onSubmit((given) => {
            if (isWhole) submission.submit((sources) => [jobOf(given, filled, sources)]);
          })}
        >
          <fieldset className={classes.fieldset} disabled={waiting}>
            <div className={classes.grid}>
              <TextInput
                className={classes.whole ?? ''}
                classNames={{ input: own.typed ?? '' }}
                label="Command"
                description="The program and its arguments. {name} is the value of a parameter, and so is $PILOT_NAME in its environment."
                placeholder="python3 sim.py --seed {index}"
                spellCheck={false}
                autoCapitalize="off"
                {...form.getInputProps('command')}
                error={filled.problems.command}
              />
              <SourceFields {...part} />
              {elsewhere !== null && (
                <elsewhere.Fields
                  values={values.elsewhere}
                  onChange={(typed) => form.setFieldValue('elsewhere', typed)}
                  places={places}
                  problems={filled.where?.problems ?? {}}
                />
              )}
              <ResultFields {...part} />
              <MoreFields {...part} />
              {message !== null && (
                <p role="alert" className={classes.refusal}>
                  {message}
                </p>
              )}
            </div>
          </fieldset>
          <div className={classes.foot}>
            <div className={classes.total} role="status">
              {isWhole ? plural(filled.runs, 'run') : '\u00a0'}
            </div>
            {waiting && !sent && (
              <Button variant="subtle" color="gray" onClick={() => submission.withdraw()}>
                Change it
              </Button>
            )}
            <Button type="submit" size="md" loading={sent} disabled={waiting || !isWhole}>
              {waiting && !sent ? 'Starts when the files are there' : 'Run'}
            </Button>
          </div>
        </form>
      </Panel>
      <FirstRuns filled={filled} isWhole={isWhole} />
    </div>
  );
}

const SOURCES: { value: FormValues['source']; label: string }[] = [
  { value: 'once', label: 'Once' },
  { value: 'array', label: 'For each number, as {index}' },
  { value: 'grid', label: 'For every combination of values' },
  { value: 'table', label: 'For each row of a table (.csv)' },
  { value: 'files', label: 'For each file, as {input}' },
];

function SourceFields({ form, problems, places }: Part) {
  const { values } = form;
  const width = values.source === 'once' ? classes.whole : classes.half;
  return (
    <>
      <NativeSelect
        className={width ?? ''}
        label="Run it"
        data={SOURCES}
        {...form.getInputProps('source')}
        error={problems.source}
      />
      {values.source === 'array' && (
        <TextInput
          className={classes.half ?? ''}
          label="Numbers"
          description="1-1000, or 1-1000:10 for every tenth"
          {...form.getInputProps('array')}
          error={problems.array}
        />
      )}
      {values.source === 'grid' && (
        <Textarea
          className={classes.half ?? ''}
          classNames={{ input: own.typed ?? '' }}
          label="Parameters"
          description="One on each line"
          placeholder={'lr=0.1,0.01\nseed=1..20'}
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
          {...form.getInputProps('grid')}
          error={problems.grid}
        />
      )}
      {values.source === 'table' && (
        <NativeSelect
          className={classes.half ?? ''}
          label="Table"
          description="Its first line names the parameters"
          data={tablesIn(places)}
          {...form.getInputProps('table')}
          value={tableOf(values, places) ?? ''}
          error={problems.table}
        />
      )}
      {values.source === 'files' && (
        <NativeSelect
          className={classes.half ?? ''}
          label="Files"
          description="A run is sent its own alone"
          data={groupsOf(places).map(({ pattern, count }) => ({
            value: pattern,
            label: `${pattern} (${formatCount(count)})`,
          }))}
          {...form.getInputProps('each')}
          error={problems.each}
        />
      )}
      {(problems.many !== undefined || values.many) && (
        <Checkbox
          className={classes.whole ?? ''}
          label={`Yes, more than ${formatCount(MANY_RUNS)} runs`}
          {...form.getInputProps('many', { type: 'checkbox' })}
          error={problems.many}
        />
      )}
    </>
  );
}

function ResultFields({ form, problems }: Part) {
  return (
    <>
      <NativeSelect
        className={classes.half ?? ''}
        label="Put results together"
        description="Of the file that each run leaves, or what it prints"
        data={[
          { value: '', label: 'No, each by itself' },
          { value: 'csv', label: 'As one table (.csv)' },
          { value: 'jsonl', label: 'As lines of JSON' },
          { value: 'concat', label: 'One behind the other' },
          { value: 'own', label: 'By a command of my own' },
        ]}
        {...form.getInputProps('gather')}
      />
      {form.values.gather === 'own' && (
        <TextInput
          className={classes.whole ?? ''}
          classNames={{ input: own.typed ?? '' }}
          label="What puts them together"
          description="Run last, once. It finds what each run left in the folder results, and the list of runs in results/runs.jsonl"
          placeholder="python3 collect.py"
          spellCheck={false}
          {...form.getInputProps('gatherBy')}
          error={problems.gatherBy}
        />
      )}
      <TextInput
        className={classes.half ?? ''}
        label="Name"
        description="Of the job"
        placeholder="that of the script"
        {...form.getInputProps('name')}
        error={problems.name}
      />
    </>
  );
}

function MoreFields({ form, problems }: Part) {
  return (
    <details className={classes.fold}>
      <summary>More settings</summary>
      <div className={classes.grid}>
        <TextInput
          className={classes.half ?? ''}
          label="Longest time of a run"
          description="90, 30m or 2h; one that takes longer is ended"
          placeholder="as long as its worker lets it"
          {...form.getInputProps('time')}
          error={problems.time}
        />
        <TextInput
          className={classes.half ?? ''}
          label="Checkpoint folder"
          description="What a run keeps there goes with it, should it be taken back and go on elsewhere"
          placeholder="none"
          spellCheck={false}
          {...form.getInputProps('checkpoint')}
          error={problems.checkpoint}
        />
        <NumberInput
          className={classes.half ?? ''}
          label="Tried again"
          description="Times, when a run failed"
          allowNegative={false}
          allowDecimal={false}
          {...form.getInputProps('retries')}
          error={problems.retries}
        />
        <TextInput
          className={classes.half ?? ''}
          label="Not after exit codes"
          description="Such as 2,64"
          {...form.getInputProps('giveUpOn')}
          error={problems.giveUpOn}
        />
        <NumberInput
          className={classes.half ?? ''}
          label="Runs at a time"
          description="That a worker takes together; short ones are bundled"
          placeholder="as suits their length"
          allowNegative={false}
          allowDecimal={false}
          {...form.getInputProps('chunk')}
          error={problems.chunk}
        />
      </div>
    </details>
  );
}

/** The text of the table that is chosen; null where none is, or while it is read. */
function useTable(values: FormValues, places: readonly Place[]): string | null {
  const path = values.source === 'table' ? tableOf(values, places) : null;
  const [read, setRead] = useState<{ file: File; text: string } | null>(null);
  const part = places.find((place) => place.path === path)?.part;
  const file = part === undefined ? undefined : submission.files().find((one) => one.part === part)?.file;
  useEffect(() => {
    if (file === undefined) return;
    let left = false;
    file.text().then(
      (text) => left || setRead({ file, text }),
      // The file cannot be read any more: the upload says so.
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [file]);
  return read !== null && read.file === file ? read.text : null;
}
