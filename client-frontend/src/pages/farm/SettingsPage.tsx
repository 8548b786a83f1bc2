import { Button, NumberInput, Switch } from '@mantine/core';
import { FarmSettings, type PatchFarmSettings } from '@parallel-pilot/shared/api/farm-settings.ts';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { command, request, sentenceOf } from '../../api/request.ts';
import { notify } from '../../app/notify.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import type { SiteKind } from '../../kinds/kind.ts';
import { SITE_KINDS } from '../../kinds/registry.ts';
import { Only } from '../people/Only.tsx';
import classes from '../people/People.module.css';
import { Refused } from '../people/Refused.tsx';
import { useChange, useChosen } from '../people/use-change.ts';

const QUERY_KEY = ['farm-settings'];
const getSettings = (signal: AbortSignal) => request(FarmSettings, '/api/v1/settings', { signal });
const patchSettings = (body: PatchFarmSettings) => command('/api/v1/settings', { method: 'PATCH', body });

/** What holds for the whole farm. */
export function SettingsPage() {
  return (
    <Only action="farm.change">
      <PageHead
        title="Settings of the farm"
        sub="What holds for all teams, from the moment that it is saved."
      />
      <Settings />
    </Only>
  );
}

function Settings() {
  const { data, error } = useQuery({ queryKey: QUERY_KEY, queryFn: ({ signal }) => getSettings(signal) });
  return (
    <div className={`${classes.narrow} ${classes.stack}`}>
      <Panel title="Deadlines">
        {data === undefined ? <Refused error={error} /> : <Deadlines {...data} />}
      </Panel>
      {data !== undefined && (
        <Panel title="Notifications">
          <Addresses allowed={data.notifications.privateAddresses} />
          <p className={classes.note}>
            How you are told yourself is on <Link to="/notifications">a page of its own</Link>.
          </p>
        </Panel>
      )}
      {data !== undefined &&
        SITE_KINDS.map(
          (kind) => kind.FarmSettings && <OfKind key={kind.name} kind={kind} settings={data.kinds} />,
        )}
    </div>
  );
}

/** What the kind itself asks. */
function OfKind({ kind, settings }: { kind: SiteKind; settings: FarmSettings['kinds'] }) {
  const { name, FarmSettings: Form } = kind;
  const save = useChange((given: unknown) => patchSettings({ kinds: { [name]: given } }), {
    changes: [QUERY_KEY],
    quiet: true,
    onDone: () => notify({ message: 'The settings are saved.' }),
  });
  if (Form === undefined) return null;
  const error = save.error === null ? null : sentenceOf(save.error);
  return <Form.Part settings={settings[name]} saving={save.isPending} error={error} onSave={save.mutate} />;
}

type Percent = number | '';
const percentOf = (part: number | null): Percent => (part === null ? '' : round(part * 100));
const partOf = (percent: Percent): number | null => (percent === '' ? null : round(percent) / 100);
const round = (percent: number): number => Math.round(percent * 10) / 10;

function Addresses({ allowed }: { allowed: boolean }) {
  const save = useChange(
    (privateAddresses: boolean) => patchSettings({ notifications: { privateAddresses } }),
    { changes: [QUERY_KEY] },
  );
  const [shown, choose] = useChosen(allowed, save);
  return (
    <Switch
      label="Webhooks may lead to private networks and to this machine"
      description="With it everybody here can have the farm call what only the farm reaches. They see how that answers, not what."
      checked={shown}
      onChange={(event) => choose(event.currentTarget.checked)}
    />
  );
}

function Deadlines({ deadlines }: Pick<FarmSettings, 'deadlines'>) {
  const { defaults } = deadlines;
  const [first, setFirst] = useState(percentOf(deadlines.first));
  const [preempt, setPreempt] = useState(percentOf(deadlines.preempt));
  const save = useChange(
    () => patchSettings({ deadlines: { first: partOf(first), preempt: partOf(preempt) } }),
    { changes: [QUERY_KEY], quiet: true, onDone: () => notify({ message: 'The settings are saved.' }) },
  );
  const [goesFirst, mayPreempt] = [
    first === '' ? round(defaults.first * 100) : first,
    preempt === '' ? round(defaults.preempt * 100) : preempt,
  ];
  const outOfOrder = mayPreempt > goesFirst;
  const changed = partOf(first) !== deadlines.first || partOf(preempt) !== deadlines.preempt;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <p className={classes.note}>
        Slack is the time that is left before a deadline beyond what the job still needs, as a part of the
        time from its submission to the deadline. Each step is noted on the job. An empty field is what the
        farm was started with.
      </p>
      <div className={classes.pair}>
        <SlackInput
          label="Goes before others of its priority at"
          usual={defaults.first}
          value={first}
          onChange={setFirst}
        />
        <SlackInput
          label="May take the place of lower priorities at"
          usual={defaults.preempt}
          value={preempt}
          onChange={setPreempt}
          error={outOfOrder ? `At most the ${goesFirst} % at which it goes before others.` : undefined}
        />
      </div>
      <Refused error={save.error} />
      <div className={classes.actions}>
        <Button type="submit" loading={save.isPending} disabled={outOfOrder || !changed}>
          Save
        </Button>
      </div>
    </form>
  );
}

type SlackInputProps = {
  label: string;
  usual: number;
  value: Percent;
  onChange(value: Percent): void;
  error?: string | undefined;
};

/** Empty is what the farm was started with. */
function SlackInput({ label, usual, value, onChange, error }: SlackInputProps) {
  return (
    <NumberInput
      label={label}
      suffix=" % slack left"
      placeholder={`${round(usual * 100)} % slack left`}
      min={0}
      max={100}
      decimalScale={1}
      clampBehavior="strict"
      value={value}
      onChange={(given) => onChange(typeof given === 'number' ? given : '')}
      error={error}
    />
  );
}
