import { Checkbox, NumberInput } from '@mantine/core';
import {
  LIMITS,
  type LimitName,
  type PatchTeamLimits,
  type TeamLimits,
} from '@parallel-pilot/shared/api/limits.ts';
import type { QueryKey } from '@tanstack/react-query';
import { useState } from 'react';
import { Dialog } from '../people/Dialog.tsx';
import { LIMIT_WORDS } from '../people/limit-words.ts';
import classes from '../people/People.module.css';
import { useChange } from '../people/use-change.ts';

type Field = LimitName | 'retentionDays';
type Given = { field: Field; label: string; unit: string; perUnit: number };
/** In the unit that people use; empty for what the farm has. */
type Values = Record<string, number | 'none' | ''>;

type LimitsDialogProps = {
  title: string;
  note: string;
  limits: TeamLimits;
  /** Given for a team: how many days results are kept is its too. */
  defaults?: TeamLimits;
  save(limits: PatchTeamLimits): Promise<void>;
  changes: readonly QueryKey[];
  onClose(): void;
};

/** Sets limits, in gigabytes, hours and numbers. */
export function LimitsDialog({ title, note, limits, defaults, save, changes, onClose }: LimitsDialogProps) {
  const fields: Given[] = [
    ...LIMITS.map((field) => ({ field, ...LIMIT_WORDS[field] })),
    ...(defaults === undefined
      ? []
      : [{ field: 'retentionDays' as const, label: 'Results are kept', unit: 'days', perUnit: 1 }]),
  ];
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(fields.map(({ field, perUnit }) => [field, shown(limits[field], perUnit)])),
  );
  const send = useChange(
    () =>
      save(
        Object.fromEntries(fields.map(({ field, perUnit }) => [field, stored(values[field] ?? '', perUnit)])),
      ),
    { changes, quiet: true, onDone: onClose },
  );
  return (
    <Dialog
      opened
      title={title}
      go="Save"
      working={send.isPending}
      error={send.error}
      onClose={onClose}
      onGo={() => send.mutate()}
    >
      <p className={classes.note}>{note}</p>
      {fields.map((given) => (
        <LimitField
          key={given.field}
          given={given}
          value={values[given.field] ?? ''}
          standard={defaults === undefined ? undefined : defaults[given.field]}
          onChange={(value) => setValues({ ...values, [given.field]: value })}
        />
      ))}
    </Dialog>
  );
}

type LimitFieldProps = {
  given: Given;
  value: number | 'none' | '';
  standard: number | 'none' | undefined;
  onChange(value: number | 'none' | ''): void;
};

function LimitField({ given: { label, unit, perUnit }, value, standard, onChange }: LimitFieldProps) {
  const usual =
    standard === undefined || standard === 'none'
      ? 'no limit'
      : `${standard / perUnit} ${unit} as on the farm`;
  return (
    <div style={{ display: 'flex', alignItems: 'end', gap: 16 }}>
      <NumberInput
        style={{ flex: 1 }}
        label={label}
        suffix={` ${unit}`}
        placeholder={usual}
        min={0}
        disabled={value === 'none'}
        value={value === 'none' ? '' : value}
        onChange={(given) => onChange(typeof given === 'number' ? given : '')}
      />
      <Checkbox
        label="No limit"
        aria-label={`${label}: no limit`}
        mb={9}
        checked={value === 'none'}
        onChange={(event) => onChange(event.currentTarget.checked ? 'none' : '')}
      />
    </div>
  );
}

const shown = (limit: number | 'none' | undefined, perUnit: number): number | 'none' | '' =>
  limit === undefined ? '' : limit === 'none' ? 'none' : limit / perUnit;

const stored = (value: number | 'none' | '', perUnit: number): number | 'none' | null =>
  value === '' ? null : value === 'none' ? 'none' : Math.round(value * perUnit);
