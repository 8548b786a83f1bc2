import type { UseFormReturnType } from '@mantine/form';
import { batchPerShard } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { formatCount } from '../../components/format.ts';
import { NumberField, TextField } from './fields.tsx';
import type { FormValues } from './form-values.ts';
import { StartFields } from './StartFields.tsx';

/** What nearly everybody looks at. */
export function MainFields({ form }: { form: UseFormReturnType<FormValues> }) {
  const { batch, shards } = form.values;
  const onOne = batch === '' || shards === '' || shards < 1 ? null : batchPerShard({ batch, shards });
  return (
    <>
      <TextField form={form} name="name" width="whole" label="Name" placeholder="that of the script" />
      <NumberField
        form={form}
        name="shards"
        width="half"
        label="Shards"
        description="Parts of the data, each trained on by one worker at a time"
        allowDecimal={false}
      />
      <NumberField
        form={form}
        name="rounds"
        width="half"
        label="Rounds"
        description="After each, the shards’ models are merged into one"
        allowDecimal={false}
        thousandSeparator=","
      />
      <NumberField
        form={form}
        name="batch"
        width="half"
        label="Batch"
        description={
          onOne === null
            ? 'Rows of one step over all shards'
            : `Rows of one step over all shards, ${formatCount(onOne)} on each`
        }
        allowDecimal={false}
        thousandSeparator=","
      />
      <NumberField
        form={form}
        name="holdout"
        width="half"
        label="Held-out part"
        description="Kept from training, to measure the merged model on"
        suffix=" %"
      />
      <StartFields form={form} />
    </>
  );
}
