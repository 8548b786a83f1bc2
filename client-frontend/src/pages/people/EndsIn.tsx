import { NativeSelect } from '@mantine/core';

type EndsInProps = {
  /** As a form keeps it; empty for never. */
  days: string;
  choices: Record<number, string>;
  onChange(days: string): void;
};

/** When what is made for somebody is good no more. */
export const EndsIn = ({ days, choices, onChange }: EndsInProps) => (
  <NativeSelect
    label="It ends"
    data={[
      ...Object.entries(choices).map(([value, label]) => ({ value, label })),
      { value: '', label: 'Never' },
    ]}
    value={days}
    onChange={(event) => onChange(event.currentTarget.value)}
  />
);

/** As the farm is told it: in ms since 1970, null for never. */
export const endIn = (days: string): number | null =>
  days === '' ? null : Date.now() + Number(days) * 86_400_000;
