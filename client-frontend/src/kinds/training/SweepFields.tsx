import type { UseFormReturnType } from '@mantine/form';
import classes from '../../components/Form.module.css';
import { ChoiceField, NumberField } from './fields.tsx';
import type { FormValues } from './form-values.ts';
import { modeOf } from './sweep-values.ts';

const SAYS = {
  grid: 'Every combination is trained to its end',
  random: 'So many are drawn, and trained to their ends',
  asha: 'Only the best of those that came so far go on; the others are stopped, with a word why',
};

/** How parameters with several values are searched. */
export function SweepFields({ form }: { form: UseFormReturnType<FormValues> }) {
  const mode = modeOf(form.values);
  return (
    <>
      <div className={classes.group}>How they are searched</div>
      <ChoiceField
        form={form}
        name="sweepMode"
        width="whole"
        label="Search"
        description={SAYS[mode]}
        data={[
          { value: '', label: 'What suits the values' },
          { value: 'grid', label: 'Grid: each combination' },
          { value: 'random', label: 'Random: so many of them' },
          { value: 'asha', label: 'ASHA: successive halving, which stops the losers' },
        ]}
      />
      {mode !== 'grid' && (
        <NumberField
          form={form}
          name="runs"
          width="half"
          label="Trainings"
          description="Of ASHA, without ranges: empty for each combination"
          placeholder="16"
          allowDecimal={false}
        />
      )}
      <NumberField
        form={form}
        name="concurrent"
        width="half"
        label="At once"
        description="The others wait for their turn"
        placeholder="4"
        allowDecimal={false}
      />
      {mode === 'asha' && (
        <>
          <NumberField
            form={form}
            name="minRounds"
            width="half"
            label="Rounds to the first look"
            description="Then so many times as many, again and again"
            placeholder="1"
            allowDecimal={false}
          />
          <NumberField
            form={form}
            name="reductionFactor"
            width="half"
            label="One in so many goes on"
            description="The reduction factor, eta"
            placeholder="3"
            allowDecimal={false}
          />
        </>
      )}
    </>
  );
}
