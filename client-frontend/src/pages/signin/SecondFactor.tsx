import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { giveBackupCode, giveCode } from '../people/auth.ts';
import classes from '../people/CardPage.module.css';
import { sentenceFor } from '../people/sentence.ts';

/** The code of the authenticator app, or one of the backup codes in its place. */
export function SecondFactor({ onSignedIn, onBack }: { onSignedIn(): void; onBack(): void }) {
  const [backup, setBackup] = useState(false);
  const [code, setCode] = useState('');
  const [trust, setTrust] = useState(false);
  const enter = useMutation({
    mutationFn: () => (backup ? giveBackupCode(code.trim()) : giveCode(code, trust)),
    onSuccess: onSignedIn,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        enter.mutate();
      }}
    >
      <TextInput
        key={backup ? 'backup' : 'app'}
        label={backup ? 'Backup code' : 'Code of your authenticator app'}
        description={backup ? 'Each is good once.' : 'Six digits, new every 30 seconds.'}
        autoComplete={backup ? 'off' : 'one-time-code'}
        inputMode={backup ? 'text' : 'numeric'}
        size="md"
        autoFocus
        required
        withAsterisk={false}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        error={sentenceFor(enter.error)}
      />
      {!backup && (
        <Checkbox
          label="Do not ask in this browser for 30 days"
          checked={trust}
          onChange={(event) => setTrust(event.currentTarget.checked)}
        />
      )}
      <Button type="submit" size="md" loading={enter.isPending}>
        Sign in
      </Button>
      <div className={classes.links}>
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => {
            setBackup(!backup);
            setCode('');
            enter.reset();
          }}
        >
          {backup ? 'Use the app' : 'Use a backup code'}
        </Button>
        <Button variant="subtle" color="gray" size="compact-sm" onClick={onBack}>
          Back
        </Button>
      </div>
    </form>
  );
}
