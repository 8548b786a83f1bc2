import type { UseFormReturnType } from '@mantine/form';
import { usualOuterStep } from '@parallel-pilot/shared/kinds/training/settings.ts';
import classes from '../../components/Form.module.css';
import { ChoiceField, NumberField, TextField } from './fields.tsx';
import { type FormValues, isCompressed } from './form-values.ts';

type Fields = { form: UseFormReturnType<FormValues> };

/** What few change, folded away. */
export function AdvancedFields({ form }: Fields) {
  const inRounds = form.values.mode !== 'ddp';
  return (
    <details className={classes.fold}>
      <summary>More settings</summary>
      <div className={classes.grid}>
        {inRounds && <MergeFields form={form} />}
        {inRounds && <LateFields form={form} />}
        {inRounds && <EndFields form={form} />}
        <DataFields form={form} />
      </div>
    </details>
  );
}

function MergeFields({ form }: Fields) {
  const diloco = form.values.mode === 'diloco';
  const outer = diloco || form.values.merge === 'outer';
  const { mode, rounds } = form.values;
  const sparse = isCompressed(form.values);
  const sparsify = sparse && form.values.sparsify !== '' ? form.values.sparsify : null;
  const usual = usualOuterStep({ mode, rounds: rounds === '' ? 10 : rounds, sparsify });
  return (
    <>
      <div className={classes.group}>How models are merged</div>
      <ChoiceField
        form={form}
        name="compress"
        width="half"
        label="Updates are sent"
        description="In fewer bytes what is rounded off goes into the next round"
        data={[
          { value: 'none', label: 'Whole' },
          { value: 'bf16', label: 'As bf16, half the bytes' },
          { value: 'int8', label: 'As int8, a quarter' },
        ]}
      />
      {sparse && (
        <NumberField
          form={form}
          name="sparsify"
          width="half"
          label="Largest differences alone"
          description="So many of the weights; what is left out goes into the next round"
          placeholder="all"
          suffix=" %"
        />
      )}
      {diloco ? (
        <NumberField
          form={form}
          name="innerSteps"
          width="half"
          label="Steps of a round"
          description="Of each shard, between two merges"
          thousandSeparator=","
        />
      ) : (
        <ChoiceField
          form={form}
          name="merge"
          width="half"
          label="Merge"
          description="An outer step (DiLoCo) is better over many rounds"
          data={[
            { value: 'average', label: 'Average' },
            { value: 'outer', label: 'Average with an outer step' },
          ]}
        />
      )}
      <NumberField
        form={form}
        name="trim"
        width="half"
        label="Leave out extremes"
        description="At either end of every weight, against bad updates"
        suffix=" %"
      />
      <NumberField
        form={form}
        name="clip"
        width="half"
        label="Clip updates"
        description="To this L2 norm, over all weights"
        placeholder="not at all"
      />
      <NumberField
        form={form}
        name="noise"
        width="half"
        label="Noise"
        description="Times the clipped norm: differential privacy"
        step={0.1}
      />
      {outer && (
        <>
          <NumberField
            form={form}
            name="outerLr"
            width="half"
            label="Outer learning rate"
            placeholder={String(usual.lr)}
            step={0.1}
          />
          <NumberField
            form={form}
            name="outerMomentum"
            width="half"
            label="Outer momentum"
            placeholder={String(usual.momentum)}
            step={0.1}
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
      <NumberField
        form={form}
        name="deadlineSeconds"
        width="half"
        label="Deadline of a round"
        description="Empty waits for every shard"
        placeholder="none"
        suffix=" s"
        thousandSeparator=","
      />
      <NumberField
        form={form}
        name="quorum"
        width="half"
        label="Shards that are enough then"
        description="A round may close with so many"
        suffix=" %"
      />
    </>
  );
}

function EndFields({ form }: Fields) {
  return (
    <>
      <div className={classes.group}>When it ends</div>
      <NumberField
        form={form}
        name="patience"
        width="third"
        label="Patience"
        description="Rounds without a better model"
        placeholder="all rounds"
        allowDecimal={false}
      />
      <TextField
        form={form}
        name="metric"
        width="third"
        label="Metric that counts"
        description="Empty: accuracy, or the first"
        placeholder="accuracy"
      />
      <ChoiceField
        form={form}
        name="goal"
        width="third"
        label="Better is"
        description="Small for loss and error"
        data={[
          { value: '', label: 'told by its name' },
          { value: 'max', label: 'larger' },
          { value: 'min', label: 'smaller' },
        ]}
      />
    </>
  );
}

function DataFields({ form }: Fields) {
  return (
    <>
      <div className={classes.group}>How the data is split</div>
      <TextField
        form={form}
        name="label"
        width="third"
        label="Label"
        description="Column, field or array"
        placeholder="found by itself"
      />
      {form.values.mode !== 'ddp' && (
        <ChoiceField
          form={form}
          name="weighting"
          width="third"
          label="Sizes of the shards"
          description="Faster workers can get more"
          data={[
            { value: 'even', label: 'all the same' },
            { value: 'speed', label: 'by speed' },
          ]}
        />
      )}
      <NumberField
        form={form}
        name="seed"
        width="third"
        label="Seed"
        description="The same one, the same split"
        allowDecimal={false}
      />
      <ChoiceField
        form={form}
        name="split"
        width="third"
        label="Order of the rows"
        description="Sequences need theirs"
        data={[
          { value: 'shuffled', label: 'shuffled' },
          { value: 'blocks', label: 'kept, in blocks' },
        ]}
      />
      <TextField
        form={form}
        name="group"
        width="third"
        label="Keep together"
        description="By a column: in one shard"
        placeholder="none"
      />
      <ChoiceField
        form={form}
        name="missing"
        width="third"
        label="Missing values"
        description="Cells of a .csv without one"
        data={[
          { value: 'refuse', label: 'tell me where' },
          { value: 'drop', label: 'leave those rows out' },
          { value: 'mean', label: 'fill in the mean' },
          { value: 'zero', label: 'fill in zero' },
          { value: 'keep', label: 'hand on as NaN' },
        ]}
      />
      <TextField
        form={form}
        name="drop"
        width="third"
        label="Columns to drop"
        description="* for all that hold text"
        placeholder="none"
      />
      <TextField
        form={form}
        name="encode"
        width="third"
        label="Columns to encode"
        description="0 and 1 for each value"
        placeholder="none"
      />
      <div className={classes.group}>Where it runs</div>
      <TextField
        form={form}
        name="python"
        width="third"
        label="Python"
        description="Only workers with this version"
        placeholder="any"
      />
      <TextField
        form={form}
        name="localData"
        width="whole"
        label="Data that workers lend"
        description="The name under which workers of your team lend a folder of their own: each is one shard, trains on it, and sends updates alone. Give no other data with it."
        placeholder="none"
      />
      {form.values.localData.trim() !== '' && (
        <ChoiceField
          form={form}
          name="updates"
          width="whole"
          label="What the farm gets of it"
          description="Under masks, updates can be told by their sum alone (secure aggregation). Asks for “Clip updates”, above."
          data={[
            { value: 'each', label: 'the update of each worker' },
            { value: 'sum', label: 'only the sum of all updates' },
          ]}
        />
      )}
    </>
  );
}
