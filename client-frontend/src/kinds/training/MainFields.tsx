import { NumberInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { batchPerShard } from '@parallel-pilot/shared/kinds/training/settings.ts';
import classes from '../../components/Form.module.css';
import { formatCount } from '../../components/format.ts';
import type { FormValues } from './form-values.ts';

/** What nearly everybody looks at. */
export function MainFields({ form }: { form: UseFormReturnType<FormValues> }) {
  const { batch, shards } = form.values;
  const onOne = batch === '' || shards === '' || shards < 1 ? null : batchPerShard({ batch, shards });
  return (
    <>
      <NumberInput
        className={classes.half ?? ''}
        label="Shards"
        description="Parts of the data, each trained on by one worker at a time"
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps('shards')}
      />
      <NumberInput
        className={classes.half ?? ''}
        label="Rounds"
        description="After each, the shards’ models are merged into one"
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        {...form.getInputProps('rounds')}
      />
      <NumberInput
        className={classes.half ?? ''}
        label="Batch"
        description={
          onOne === null
            ? 'Rows of one step over all shards'
            : `Rows of one step over all shards, ${formatCount(onOne)} on each`
        }
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        {...form.getInputProps('batch')}
      />
      <NumberInput
        className={classes.half ?? ''}
        label="Held-out part"
        description="Kept from training, to measure the merged model on"
        suffix=" %"
        allowNegative={false}
        {...form.getInputProps('holdout')}
      />
    </>
  );
}
