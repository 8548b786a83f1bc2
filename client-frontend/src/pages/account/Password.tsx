import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { notify } from '../../app/notify.ts';
import { Panel } from '../../components/Panel.tsx';
import { changePassword } from '../people/auth.ts';
import classes from '../people/People.module.css';
import { sessionsQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';

export function Password({ email }: { email: string }) {
  const [present, setPresent] = useState('');
  const [next, setNext] = useState('');
  const change = useChange(() => changePassword(present, next), {
    changes: [sessionsQuery().queryKey],
    quiet: true,
    onDone: () => {
      setPresent('');
      setNext('');
      notify({ message: 'The password is changed. Your other sessions have ended.' });
    },
  });
  return (
    <Panel title="Password">
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <input type="hidden" autoComplete="username" value={email} />
        <PasswordInput
          label="Present password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={present}
          onChange={(event) => setPresent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <Refused error={change.error} />
        <div className={classes.actions}>
          <Button type="submit" loading={change.isPending} disabled={present === '' || next === ''}>
            Change it
          </Button>
        </div>
      </form>
    </Panel>
  );
}
