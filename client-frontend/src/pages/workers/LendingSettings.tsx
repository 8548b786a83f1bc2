import { Button, Checkbox, MultiSelect, NativeSelect, NumberInput, Select, TextInput } from '@mantine/core';
import { DAYS, type Span } from '@parallel-pilot/shared/model/hours.ts';
import { LENT_DATA } from '@parallel-pilot/shared/model/lent-data.ts';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { useState } from 'react';
import { workersQuery } from '../../api/queries.ts';
import { Panel } from '../../components/Panel.tsx';
import { SITE_KINDS } from '../../kinds/registry.ts';
import { changeWorker } from '../people/machines.ts';
import people from '../people/People.module.css';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import classes from './Lending.module.css';
import { formOf, hoursInWords, type LendingForm, lendingOf, NIGHT } from './lending-form.ts';

/** How much of the machine is lent, and when, for who may change it. What it was started with holds as well. */
export function LendingSettings({ worker }: { worker: WorkerView }) {
  const set = worker.lending?.onSite ?? {};
  const [form, setForm] = useState<LendingForm>(() => formOf(set));
  const [problem, setProblem] = useState<string>();
  const change = (more: Partial<LendingForm>) => setForm({ ...form, ...more });
  const save = useChange(
    (lending: NonNullable<Parameters<typeof changeWorker>[1]['lending']> | null) =>
      changeWorker(worker.id, { lending }),
    { changes: [workersQuery().queryKey], quiet: true },
  );
  const submit = () => {
    const read = lendingOf(form, set);
    setProblem(read.ok ? undefined : read.message);
    if (read.ok) save.mutate(read.lending);
  };
  const sorts = sortsOf(worker);
  return (
    <Panel title="What is lent">
      <form
        className={people.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <StartedWith worker={worker} />
        <NativeSelect
          label="When"
          data={[
            { value: 'always', label: 'Always' },
            { value: 'daily', label: 'Every day, at certain hours' },
            { value: 'days', label: 'On certain days' },
          ]}
          value={form.when}
          onChange={(event) => change({ when: event.currentTarget.value as LendingForm['when'] })}
        />
        {form.when !== 'always' && <HoursFields form={form} onChange={change} />}
        <Checkbox
          label="Only while nobody else uses the machine"
          description="By what other programs take of its processors; keyboard and mouse are not looked at."
          checked={form.onlyIdle}
          onChange={(event) => change({ onlyIdle: event.currentTarget.checked })}
        />
        <div className={classes.amounts}>
          <Amount label="Threads" value={form.threads} whole onChange={(threads) => change({ threads })} />
          <Amount
            label="Memory"
            unit=" GB"
            value={form.memoryGb}
            onChange={(memoryGb) => change({ memoryGb })}
          />
          <Amount label="Disk" unit=" GB" value={form.diskGb} onChange={(diskGb) => change({ diskGb })} />
        </div>
        {sorts.length > 1 && (
          <MultiSelect
            label="Kinds of work"
            description="Left empty: all that it can do."
            data={sorts}
            value={[...(form.kinds ?? [])]}
            onChange={(kinds) => change({ kinds: kinds.length === 0 ? null : kinds })}
          />
        )}
        {((worker.offer?.gpus.length ?? 0) > 0 || form.noGpus) && (
          <Checkbox
            label="Without its GPUs"
            checked={form.noGpus}
            onChange={(event) => change({ noGpus: event.currentTarget.checked })}
          />
        )}
        {(worker.capabilities[LENT_DATA] !== undefined || form.noData) && (
          <Checkbox
            label="Without the folders that it lends as data"
            checked={form.noData}
            onChange={(event) => change({ noData: event.currentTarget.checked })}
          />
        )}
        {(set.hours?.length ?? 0) > 1 && (
          <small>
            Several hours were set, which all hold: {hoursInWords(set.hours).join('; ')}. Saving keeps the
            first.
          </small>
        )}
        {problem === undefined ? <Refused error={save.error} /> : <Refused sentence={problem} />}
        <div className={people.actions}>
          <Button type="submit" loading={save.isPending}>
            Lend it so
          </Button>
        </div>
      </form>
    </Panel>
  );
}

/** What it can do, and what it is lent for. */
function sortsOf({ capabilities, lending }: WorkerView) {
  const able = Array.isArray(capabilities.kinds) ? capabilities.kinds : [];
  const names = new Set([...able, ...(lending?.onSite.kinds ?? []), ...SITE_KINDS.map(({ name }) => name)]);
  return [...names].map((name) => ({
    value: name,
    label: SITE_KINDS.find((kind) => kind.name === name)?.offer?.title ?? name,
  }));
}

function StartedWith({ worker }: { worker: WorkerView }) {
  const { hours, onlyIdle, kinds } = worker.lending?.atStart ?? {};
  const said = [
    ...hoursInWords(hours),
    ...(onlyIdle ? ['only while nobody uses the machine'] : []),
    ...(kinds === undefined ? [] : [`for ${kinds.join(', ')} only`]),
  ];
  return (
    <small>
      What is set here narrows how the machine was started
      {said.length === 0 ? '.' : `, which is lent ${said.join('; ')}.`}
    </small>
  );
}

type HoursProps = { form: LendingForm; onChange(more: Partial<LendingForm>): void };

function HoursFields({ form: { when, spans, timeZone }, onChange }: HoursProps) {
  const shown = when === 'daily' ? spans.slice(0, 1) : spans;
  const put = (at: number, more: Partial<Span>) =>
    onChange({ spans: spans.map((span, index) => (index === at ? { ...span, ...more } : span)) });
  return (
    <>
      {shown.map((span, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: spans have no names, and none is moved.
        <fieldset key={index} className={classes.span} aria-label={`Hours ${index + 1}`}>
          {when === 'days' && <DaysField days={span.days} onChange={(days) => put(index, { days })} />}
          <TextInput
            type="time"
            label="From"
            value={span.from}
            onChange={(event) => put(index, { from: event.currentTarget.value })}
          />
          <TextInput
            type="time"
            label="To"
            // The end of a day is its beginning to a browser.
            value={span.to === '24:00' ? '00:00' : span.to}
            onChange={(event) => put(index, { to: event.currentTarget.value })}
          />
          {when === 'days' && spans.length > 1 && (
            <Button
              variant="subtle"
              size="compact-sm"
              onClick={() => onChange({ spans: spans.filter((_, other) => other !== index) })}
            >
              Remove
            </Button>
          )}
        </fieldset>
      ))}
      {when === 'days' && spans.length < MOST_SPANS && (
        <Button
          variant="default"
          size="compact-sm"
          className={classes.more}
          onClick={() => onChange({ spans: [...spans, { ...NIGHT, days: ['sat', 'sun'] }] })}
        >
          More hours
        </Button>
      )}
      <Select
        label="By the clocks of"
        description="Where the second time is not later, it is one of the day after."
        searchable
        allowDeselect={false}
        data={zonesWith(timeZone)}
        value={timeZone}
        onChange={(zone) => zone !== null && onChange({ timeZone: zone })}
      />
    </>
  );
}

const MOST_SPANS = 14;

const zonesWith = (chosen: string): string[] => [
  ...new Set([chosen, 'UTC', ...Intl.supportedValuesOf('timeZone')]),
];

const NAMES = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
const LONG = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

function DaysField({ days, onChange }: { days: Span['days']; onChange(days: Span['days']): void }) {
  return (
    <div className={classes.days}>
      {DAYS.map((day, index) => (
        <label key={day} className={classes.day}>
          <input
            type="checkbox"
            aria-label={LONG[index]}
            checked={days.includes(day)}
            onChange={(event) =>
              onChange(DAYS.filter((one) => (one === day ? event.currentTarget.checked : days.includes(one))))
            }
          />
          <span aria-hidden>{NAMES[index]}</span>
        </label>
      ))}
    </div>
  );
}

type AmountProps = {
  label: string;
  unit?: string;
  whole?: boolean;
  value: number | '';
  onChange(value: number | ''): void;
};

function Amount({ label, unit = '', whole = false, value, onChange }: AmountProps) {
  return (
    <NumberInput
      label={`${label}, at most`}
      placeholder="all"
      suffix={unit}
      min={whole ? 1 : 0}
      max={100_000}
      allowNegative={false}
      allowDecimal={!whole}
      value={value}
      onChange={(given) => onChange(given === '' ? '' : Number(given))}
    />
  );
}
