import type { UseFormReturnType } from '@mantine/form';
import { useSubmission } from '../../app/submission.ts';
import { ChoiceField, TextField } from './fields.tsx';
import type { FormValues } from './form-values.ts';

/** What the training starts from: another one, or a file of weights among those that were given. */
export function StartFields({ form }: { form: UseFormReturnType<FormValues> }) {
  const state = useSubmission();
  const file = state.phase === 'idle' ? undefined : state.files.find(({ part }) => part === 'from');
  const given = file !== undefined || form.values.from.trim() !== '';
  return (
    <>
      <TextField
        form={form}
        name="from"
        width={given ? 'half' : 'whole'}
        label="Start from"
        description={
          file === undefined
            ? 'A training, or weights dropped beside the script (.safetensors, .pt)'
            : `The weights in ${file.name}`
        }
        placeholder={file === undefined ? 'the weights that the script makes' : file.name}
        disabled={file !== undefined}
      />
      {given && (
        <ChoiceField
          form={form}
          name="fitting"
          width="half"
          label="Arrays that do not fit"
          description="Another last layer, for instance"
          data={[
            { value: 'all', label: 'are told, and nothing starts' },
            { value: 'some', label: 'stay as the script makes them' },
          ]}
        />
      )}
    </>
  );
}
