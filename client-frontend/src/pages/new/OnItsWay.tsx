import { Button, Group, Radio, Stack } from '@mantine/core';
import { useState } from 'react';
import type { SubmissionState } from '../../api/submission-state.ts';
import { submission } from '../../app/submission.ts';
import { Bar } from '../../components/Bar.tsx';
import { formatBytes, formatEta, formatPercent, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './New.module.css';

type Going = Exclude<SubmissionState, { phase: 'idle' }>;

type OnItsWayProps = {
  state: Going;
  /** The job's settings are asked for below, where also their refusal is told. */
  asksFirst: boolean;
};

/** The files on their way to the farm, whatever they meet. */
export function OnItsWay({ state, asksFirst }: OnItsWayProps) {
  const several = state.files.length > 1;
  return (
    <Panel title={several ? 'Files' : state.fileName} aside={formatBytes(state.size)}>
      {several && (
        <ul className={classes.files}>
          {state.files.slice(0, MOST_SHOWN).map(({ part, name, size }) => (
            <li key={part}>
              {/* Of a part of many files, the path is the part. */}
              <b>{part.endsWith(`/${name}`) ? part : name}</b>
              <span>{formatBytes(size)}</span>
            </li>
          ))}
          {state.files.length > MOST_SHOWN && (
            <li>and {plural(state.files.length - MOST_SHOWN, 'more file')}</li>
          )}
        </ul>
      )}
      <Phase state={state} asksFirst={asksFirst} />
    </Panel>
  );
}

/** Of the files of a folder. */
const MOST_SHOWN = 12;

function Phase({ state, asksFirst }: OnItsWayProps) {
  switch (state.phase) {
    case 'checking':
      return <Waiting text={state.away ? AWAY : 'Asking whether the farm has this already…'} />;
    case 'uploading':
      return <Uploading state={state} />;
    case 'stored':
      return <Stored />;
    case 'creating':
      if (state.away) return <Waiting text={AWAY} full />;
      return asksFirst ? <Stored /> : <Waiting text="The file is there. Making a job of it…" full />;
    case 'created':
      return asksFirst ? <Stored /> : <Waiting text="The file is there. Making a job of it…" full />;
    case 'choosing':
      return <Choosing message={state.message} choices={state.choices} />;
    case 'refused':
      if (asksFirst && state.stored) return <Stored />;
      return <Refused message={state.message} canRetry={state.canRetry} />;
    default:
      return state satisfies never;
  }
}

const AWAY = 'The farm does not answer. This goes on by itself as soon as it is back.';

function Waiting({ text, full = false }: { text: string; full?: boolean }) {
  return (
    <Stack gap="sm" role="status">
      <Bar label="Upload" fraction={full ? 1 : 0} height={10} text={text} />
      <div className={classes.facts}>{text}</div>
    </Stack>
  );
}

function Stored() {
  return (
    <div className={classes.stored}>
      <span>On the farm</span>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => submission.reset()}>
        Other files
      </Button>
    </div>
  );
}

function Uploading({ state }: { state: Extract<Going, { phase: 'uploading' }> }) {
  const { sent, size, speed, paused, trouble } = state;
  const rest = speed === null || speed <= 0 ? null : (size - sent) / speed;
  return (
    <Stack gap="sm">
      <Bar
        label="Upload"
        fraction={sent / size}
        height={10}
        color={paused || trouble !== null ? 'var(--state-leased)' : 'var(--state-done)'}
      />
      <div className={classes.facts}>
        <span>
          {formatPercent(sent / size)} · {formatBytes(sent)} of {formatBytes(size)}
        </span>
        <span>
          {paused && 'Paused'}
          {!paused && trouble === null && speed !== null && `${formatBytes(speed)}/s`}
          {!paused && trouble === null && rest !== null && ` · ${formatEta(rest)} left`}
        </span>
      </div>
      {trouble !== null && !paused && (
        <p role="status" className={classes.trouble}>
          {trouble}
        </p>
      )}
      <Group mt="xs">
        {paused ? (
          <Button onClick={() => submission.resume()}>Resume</Button>
        ) : (
          <Button variant="default" onClick={() => submission.pause()}>
            Pause
          </Button>
        )}
        <Button variant="subtle" color="gray" onClick={() => submission.reset()}>
          Cancel
        </Button>
      </Group>
    </Stack>
  );
}

function Choosing({ message, choices }: { message: string; choices: string[] }) {
  const [main, setMain] = useState<string | null>(null);
  return (
    <Stack>
      <Radio.Group label={message} value={main} onChange={setMain}>
        <Stack gap="xs" mt="sm">
          {choices.map((choice) => (
            <Radio key={choice} value={choice} label={choice} />
          ))}
        </Stack>
      </Radio.Group>
      <Group>
        <Button disabled={main === null} onClick={() => main !== null && submission.choose(main)}>
          Go on with this one
        </Button>
        <Button variant="subtle" color="gray" onClick={() => submission.reset()}>
          Another file
        </Button>
      </Group>
    </Stack>
  );
}

function Refused({ message, canRetry }: { message: string; canRetry: boolean }) {
  return (
    <Stack>
      <p role="alert" className={classes.refusal}>
        {message}
      </p>
      <Group>
        {canRetry && <Button onClick={() => submission.retry()}>Try again</Button>}
        <Button variant="default" onClick={() => submission.reset()}>
          Another file
        </Button>
      </Group>
    </Stack>
  );
}
