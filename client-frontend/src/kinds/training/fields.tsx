import {
  NativeSelect,
  type NativeSelectProps,
  NumberInput,
  type NumberInputProps,
  TextInput,
  type TextInputProps,
} from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import classes from '../../components/Form.module.css';
import type { FormValues } from './form-values.ts';

/** A field of the form by its name there, and how much of a row it takes. */
type Field<Props> = Omit<Props, 'form' | 'name' | 'width'> & {
  form: UseFormReturnType<FormValues>;
  name: keyof FormValues;
  width: 'third' | 'half' | 'whole';
};

/** A number from 0 on. */
export const NumberField = ({ form, name, width, ...rest }: Field<NumberInputProps>) => (
  <NumberInput
    className={classes[width] ?? ''}
    allowNegative={false}
    {...rest}
    {...form.getInputProps(name)}
  />
);

export const TextField = ({ form, name, width, ...rest }: Field<TextInputProps>) => (
  <TextInput className={classes[width] ?? ''} spellCheck={false} {...rest} {...form.getInputProps(name)} />
);

export const ChoiceField = ({ form, name, width, ...rest }: Field<NativeSelectProps>) => (
  <NativeSelect className={classes[width] ?? ''} {...rest} {...form.getInputProps(name)} />
);
