import { Button } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { runsOf } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import { useEffect, useMemo, useRef } from 'react';
import { submission, useSubmission } from '../../app/submission.ts';
import { editsOf, readDraft, writeDraft } from '../../components/draft.ts';
import classes from '../../components/Form.module.css';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { AdvancedFields } from './AdvancedFields.tsx';
import { type FormValues, firstValues, jobOf, problemsOf, refusedFields } from './form-values.ts';
import { MainFields } from './MainFields.tsx';
import { OtherFiles } from './OtherFiles.tsx';
import { ParameterRows } from './ParameterRows.tsx';
import { paramsOf } from './script-params.ts';
import { DRAFT } from './setup-draft.ts';
import { sweepOf } from './sweep-values.ts';

/** How the script is trained, asked while its files are on their way. */
export function Setup() {
  const state = useSubmission();
  const form = useForm<FormValues>({
    initialValues: useMemo(() => ({ ...firstValues(), ...readDraft(DRAFT) }), []),
    validate: problemsOf,
    // Not on blur: what appears under a field then moves the button that is just being pressed.
    validateInputOnChange: true,
  });
  const { values } = form;
  const over = state.phase === 'created';
  const scriptName = submission.files().find(({ part }) => part === 'script')?.file.name ?? 'script.py';
  useScriptParams(form);
  useEffect(() => writeDraft(DRAFT, over ? {} : editsOf(values, firstValues())), [values, over]);
  const box = useRef<HTMLFormElement>(null);
  const message = state.phase === 'refused' && state.stored ? state.message : null;
  const { setErrors } = form;
  useEffect(() => {
    if (message === null) return;
    const refused = refusedFields(message);
    setErrors(refused);
    if (Object.keys(refused).length > 0) focusOnProblem(box.current);
  }, [message, setErrors]);
  // Said once, the files alone are waited for; a refused upload is tried again where it is told.
  const waiting = submission.submitted() && state.phase !== 'refused';
  const sent = state.phase === 'creating' || state.phase === 'created';
  return (
    <Panel title="Settings" aside="The usual ones, until you change them">
      <form
        ref={box}
        noValidate
        onSubmit={form.onSubmit(
          (values) => submission.submit((sources) => [jobOf(values, sources)]),
          () => focusOnProblem(box.current),
        )}
      >
        <fieldset className={classes.fieldset} disabled={waiting}>
          <div className={classes.grid}>
            <MainFields form={form} />
            <ParameterRows form={form} />
            <OtherFiles form={form} script={scriptName} />
            <AdvancedFields form={form} />
            {message !== null && (
              <p role="alert" className={classes.refusal}>
                {message}
              </p>
            )}
          </div>
        </fieldset>
        <div className={classes.foot}>
          <Total values={form.values} />
          {waiting && !sent && (
            <Button variant="subtle" color="gray" onClick={() => submission.withdraw()}>
              Change them
            </Button>
          )}
          <Button type="submit" size="md" loading={sent} disabled={waiting}>
            {waiting && !sent ? 'Starts when the files are there' : startText(form.values)}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

/** Puts what the script asks for with pilot.param into the form, once for each script; what is typed stays. */
function useScriptParams(form: UseFormReturnType<FormValues>): void {
  const script = submission.files().find(({ part }) => part === 'script')?.file;
  const { setFieldValue, getValues } = form;
  useEffect(() => {
    if (script === undefined || script.size > MOST_SCRIPT_BYTES) return;
    let left = false;
    script.text().then(
      (text) => {
        const { params } = getValues();
        const typed = params.filter(({ name }) => name.trim() !== '');
        const names = new Set(typed.map(({ name }) => name.trim()));
        const asked = paramsOf(text).filter(({ name }) => !names.has(name));
        if (!left && asked.length > 0) setFieldValue('params', [...typed, ...asked]);
      },
      // The file cannot be read any more: the upload says so.
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [script, setFieldValue, getValues]);
}

/** The farm takes no larger scripts. */
const MOST_SCRIPT_BYTES = 1024 ** 2;

const countOf = (values: FormValues): number => {
  const sweep = sweepOf(values);
  return sweep === null ? 1 : runsOf(sweep);
};

const startText = (values: FormValues): string => {
  const count = countOf(values);
  return count > 1 ? `Start ${plural(count, 'training')}` : 'Start training';
};

function Total({ values }: { values: FormValues }) {
  const wrong = Object.keys(problemsOf(values)).length > 0;
  if (wrong || values.shards === '' || values.rounds === '') return <div>&nbsp;</div>;
  const count = countOf(values);
  return (
    <div className={classes.total} role="status">
      {plural(count, count === 1 ? 'job' : 'training')}{' '}
      {values.mode === 'ddp'
        ? `on ${plural(Number(values.workers), 'worker')} together`
        : `of ${plural(values.rounds, 'round')} on ${values.localData.trim() === '' ? plural(values.shards, 'shard') : 'each worker that lends its data'}`}
      {count > 1 && <span>A sweep, shown side by side</span>}
    </div>
  );
}

/** Opens the fold it may be in, and goes there. */
function focusOnProblem(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => {
    const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
    const fold = field?.closest('details');
    if (fold) fold.open = true;
    field?.focus();
    if (!field) form?.querySelector('[role="alert"]')?.scrollIntoView({ block: 'center' });
  });
}
