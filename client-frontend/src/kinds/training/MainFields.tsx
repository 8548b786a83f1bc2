import type { UseFormReturnType } from '@mantine/form';
import { batchPerShard } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { formatCount } from '../../components/format.ts';
import { ChoiceField, NumberField, TextField } from './fields.tsx';
import type { FormValues } from './form-values.ts';
import { StartFields } from './StartFields.tsx';
import { WhichMode } from './WhichMode.tsx';

const MODES = {
  rounds: 'Any script, any connection; machines may come and go',
  diloco: 'For scripts with pilot.steps: few bytes, more steps between two merges',
  ddp: 'PyTorch’s DistributedDataParallel: as on one machine, over workers that reach each other',
};

/** What nearly everybody looks at. */
export function MainFields({ form }: { form: UseFormReturnType<FormValues> }) {
  const { batch, mode } = form.values;
  const together = mode === 'ddp';
  const parts = together ? form.values.workers : form.values.shards;
  const onOne = batch === '' || parts === '' || parts < 1 ? null : batchPerShard({ batch, shards: parts });
  const all = together ? 'all workers' : 'all shards';
  return (
    <>
      <TextField form={form} name="name" width="whole" label="Name" placeholder="that of the script" />
      <ChoiceField
        form={form}
        name="mode"
        width="whole"
        label="How workers work together"
        description={MODES[mode]}
        data={[
          { value: 'rounds', label: 'Rounds: shards are trained by themselves, then merged' },
          { value: 'diloco', label: 'DiLoCo: rounds of steps, with an outer step' },
          { value: 'ddp', label: 'DDP: all take every step together' },
        ]}
      />
      <WhichMode />
      {together ? (
        <WorkerFields form={form} />
      ) : (
        <NumberField
          form={form}
          name="shards"
          width="half"
          label="Shards"
          description="Parts of the data, each trained on by one worker at a time"
          allowDecimal={false}
        />
      )}
      <NumberField
        form={form}
        name="rounds"
        width="half"
        label="Rounds"
        description={
          together
            ? 'So many times the script’s epochs, in one go'
            : 'After each, the shards’ models are merged into one'
        }
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
            ? `Rows of one step over ${all}`
            : `Rows of one step over ${all}, ${formatCount(onOne)} on each`
        }
        allowDecimal={false}
        thousandSeparator=","
      />
      <NumberField
        form={form}
        name="holdout"
        width="half"
        label="Held-out part"
        description={`Kept from training, to measure the ${together ? '' : 'merged '}model on`}
        suffix=" %"
      />
      <StartFields form={form} />
    </>
  );
}

function WorkerFields({ form }: { form: UseFormReturnType<FormValues> }) {
  return (
    <>
      <NumberField
        form={form}
        name="workers"
        width="half"
        label="Workers at once"
        description="As many as are free, up to this"
        allowDecimal={false}
      />
      <NumberField
        form={form}
        name="minWorkers"
        width="half"
        label="Fewest workers"
        description="It begins with these, and goes on with them after a loss"
        placeholder="half of them"
        allowDecimal={false}
      />
    </>
  );
}
