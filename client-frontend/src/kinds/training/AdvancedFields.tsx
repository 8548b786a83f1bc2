import { NativeSelect, NumberInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import classes from '../../components/Form.module.css';
import type { FormValues } from './form-values.ts';

type Fields = { form: UseFormReturnType<FormValues> };

/** What few change, folded away. */
export function AdvancedFields({ form }: Fields) {
  return (
    <details className={classes.fold}>
      <summary>More settings</summary>
      <div className={classes.grid}>
        <MergeFields form={form} />
        <LateFields form={form} />
        <EndFields form={form} />
        <DataFields form={form} />
      </div>
    </details>
  );
}

function MergeFields({ form }: Fields) {
  const outer = form.values.merge === 'outer';
  return (
    <>
      <div className={classes.group}>How models are merged</div>
      <NativeSelect
        className={classes.half ?? ''}
        label="Merge"
        description="An outer step (DiLoCo) is better over many rounds"
        data={[
          { value: 'average', label: 'Average' },
          { value: 'outer', label: 'Average with an outer step' },
        ]}
        {...form.getInputProps('merge')}
      />
      <NumberInput
        className={classes.half ?? ''}
        label="Leave out extremes"
        description="At either end of every weight, against bad updates"
        suffix=" %"
        allowNegative={false}
        {...form.getInputProps('trim')}
      />
      {outer && (
        <>
          <NumberInput
            className={classes.half ?? ''}
            label="Outer learning rate"
            step={0.1}
            allowNegative={false}
            {...form.getInputProps('outerLr')}
          />
          <NumberInput
            className={classes.half ?? ''}
            label="Outer momentum"
            step={0.1}
            allowNegative={false}
            {...form.getInputProps('outerMomentum')}
          />
        </>
      )}
    </>
  );
}

function LateFields({ form }: Fields) {
  return (
    <>
      <div className={classes.group}>When a worker is late or lost</div>
      <NumberInput
        className={classes.half ?? ''}
        label="Deadline of a round"
        description="Empty waits for every shard"
        placeholder="none"
        suffix=" s"
        allowNegative={false}
        thousandSeparator=","
        {...form.getInputProps('deadlineSeconds')}
      />
      <NumberInput
        className={classes.half ?? ''}
        label="Shards that are enough then"
        description="A round may close with so many"
        suffix=" %"
        allowNegative={false}
        {...form.getInputProps('quorum')}
      />
    </>
  );
}

function EndFields({ form }: Fields) {
  return (
    <>
      <div className={classes.group}>When it ends</div>
      <NumberInput
        className={classes.third ?? ''}
        label="Patience"
        description="Rounds without a better model"
        placeholder="all rounds"
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps('patience')}
      />
      <TextInput
        className={classes.third ?? ''}
        label="Metric that counts"
        description="Empty: accuracy, or the first"
        placeholder="accuracy"
        spellCheck={false}
        {...form.getInputProps('metric')}
      />
      <NativeSelect
        className={classes.third ?? ''}
        label="Better is"
        description="Small for loss and error"
        data={[
          { value: '', label: 'told by its name' },
          { value: 'max', label: 'larger' },
          { value: 'min', label: 'smaller' },
        ]}
        {...form.getInputProps('goal')}
      />
    </>
  );
}

function DataFields({ form }: Fields) {
  return (
    <>
      <div className={classes.group}>How the data is split</div>
      <TextInput
        className={classes.third ?? ''}
        label="Label"
        description="Column, field or array"
        placeholder="found by itself"
        spellCheck={false}
        {...form.getInputProps('label')}
      />
      <NativeSelect
        className={classes.third ?? ''}
        label="Sizes of the shards"
        description="Faster workers can get more"
        data={[
          { value: 'even', label: 'all the same' },
          { value: 'speed', label: 'by speed' },
        ]}
        {...form.getInputProps('weighting')}
      />
      <NumberInput
        className={classes.third ?? ''}
        label="Seed"
        description="The same one, the same split"
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps('seed')}
      />
      <NativeSelect
        className={classes.third ?? ''}
        label="Missing values"
        description="Cells of a .csv without one"
        data={[
          { value: 'refuse', label: 'tell me where' },
          { value: 'drop', label: 'leave those rows out' },
          { value: 'mean', label: 'fill in the mean' },
          { value: 'zero', label: 'fill in zero' },
          { value: 'keep', label: 'hand on as NaN' },
        ]}
        {...form.getInputProps('missing')}
      />
      <TextInput
        className={classes.third ?? ''}
        label="Columns to drop"
        description="* for all that hold text"
        placeholder="none"
        spellCheck={false}
        {...form.getInputProps('drop')}
      />
      <TextInput
        className={classes.third ?? ''}
        label="Columns to encode"
        description="0 and 1 for each value"
        placeholder="none"
        spellCheck={false}
        {...form.getInputProps('encode')}
      />
    </>
  );
}
