import { NativeSelect, TextInput } from '@mantine/core';
import type { Parameter } from '@parallel-pilot/shared/model/parameters.ts';

type ParameterFieldProps = {
  name: string;
  parameter: Parameter;
  /** As it is written. */
  value: string;
  problem: string | null;
  onChange(value: string): void;
};

/** One value of a template. */
export function ParameterField({ name, parameter, value, problem, onChange }: ParameterFieldProps) {
  const { default: usual, values, description } = parameter;
  const choices = values ?? (typeof usual === 'boolean' ? [true, false] : null);
  const said = { label: name, description, value };
  if (choices !== null)
    return (
      <NativeSelect
        {...said}
        data={choices.map(String)}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  return (
    <TextInput
      {...said}
      inputMode={typeof usual === 'number' ? 'decimal' : 'text'}
      error={problem}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
