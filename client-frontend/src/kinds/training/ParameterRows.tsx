import { ActionIcon, Button, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useId } from 'react';
import classes from '../../components/Form.module.css';
import { type FormValues, problemsOf } from './form-values.ts';
import { SweepFields } from './SweepFields.tsx';
import { sweepOf } from './sweep-values.ts';

/** What the script reads with `pilot.param(name, default)`; several values make a sweep. */
export function ParameterRows({ form }: { form: UseFormReturnType<FormValues> }) {
  const { params } = form.values;
  const sweep = sweepOf(form.values);
  const problem = problemsOf(form.values).params;
  const title = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset does not take part in the grid around it
    <div role="group" aria-labelledby={title} style={{ display: 'contents' }}>
      <div className={classes.group} id={title}>
        Parameters of the script
      </div>
      <p className={classes.says}>
        What it reads with <code>pilot.param("lr", 0.1)</code>. Several values, or a range such as{' '}
        <code>log(1e-4, 0.1)</code>, make a sweep: trainings side by side.
      </p>
      {params.map((_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is known by its place alone
        <div key={index} className={classes.row}>
          <TextInput
            aria-label={`Name of parameter ${index + 1}`}
            placeholder="lr"
            spellCheck={false}
            autoCapitalize="none"
            {...form.getInputProps(`params.${index}.name`)}
          />
          <TextInput
            aria-label={`Value of parameter ${index + 1}`}
            placeholder="0.1, 0.01"
            spellCheck={false}
            autoCapitalize="none"
            {...form.getInputProps(`params.${index}.values`)}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={`Remove parameter ${index + 1}`}
            onClick={() => form.removeListItem('params', index)}
          >
            <IconX size={17} />
          </ActionIcon>
        </div>
      ))}
      <div className={classes.whole}>
        <Button
          variant="default"
          size="sm"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => form.insertListItem('params', { name: '', values: '' })}
        >
          Add a parameter
        </Button>
      </div>
      {sweep !== null && <SweepFields form={form} />}
      {problem !== undefined && (
        <p role="alert" className={classes.refusal}>
          {problem}
        </p>
      )}
    </div>
  );
}
