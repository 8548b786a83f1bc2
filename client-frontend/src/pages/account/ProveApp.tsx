import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { giveCode } from '../people/auth.ts';
import classes from '../people/People.module.css';
import { sessionsQuery, waysQuery } from '../people/queries.ts';
import { Secret } from '../people/Secret.tsx';
import { sentenceFor } from '../people/sentence.ts';
import { useChange } from '../people/use-change.ts';
import { QrCode } from './QrCode.tsx';

type ProveAppProps = { setup: { totpUri: string }; onProved(): void; onLeave(): void };

/** The secret for the app, and a first code that proves that the app has it. */
export function ProveApp({ setup: { totpUri }, onProved, onLeave }: ProveAppProps) {
  const [code, setCode] = useState('');
  const prove = useChange(() => giveCode(code), {
    changes: [waysQuery().queryKey, sessionsQuery().queryKey],
    quiet: true,
    onDone: onProved,
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        prove.mutate();
      }}
    >
      <p className={classes.text}>Scan this with your authenticator app, and give the code that it shows.</p>
      <QrCode text={totpUri} label="For your authenticator app" />
      <Secret text="Or type this secret into it:" value={secretOf(totpUri)} />
      <TextInput
        label="Code that the app shows"
        autoComplete="one-time-code"
        inputMode="numeric"
        autoFocus
        required
        withAsterisk={false}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        error={sentenceFor(prove.error)}
      />
      <div className={classes.actions}>
        <Button variant="default" onClick={onLeave}>
          Leave it
        </Button>
        <Button type="submit" loading={prove.isPending}>
          Turn it on
        </Button>
      </div>
    </form>
  );
}

const secretOf = (totpUri: string): string =>
  URL.canParse(totpUri) ? (new URL(totpUri).searchParams.get('secret') ?? '') : '';
