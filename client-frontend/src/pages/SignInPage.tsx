import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { signIn } from '../api/farm.ts';
import { sentenceOf } from '../api/request.ts';
import { LogoMark } from '../app/Logo.tsx';
import classes from './SignInPage.module.css';

/** Asks for the owner's key; stands in place of whichever page was wanted, which opens afterwards. */
export function SignInPage() {
  const queries = useQueryClient();
  const [key, setKey] = useState('');
  const enter = useMutation({
    mutationFn: () => signIn(key.trim()),
    onSuccess: () => queries.resetQueries(),
  });
  useEffect(() => {
    document.title = 'Sign in · Parallel Pilot';
  }, []);
  return (
    <main className={classes.page}>
      <form
        className={classes.card}
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') enter.mutate();
        }}
      >
        <LogoMark size={40} />
        <div>
          <h1>Sign in</h1>
          <p>This farm is open to its owner. The key was shown when the farm first started.</p>
        </div>
        <PasswordInput
          label="Owner’s key"
          autoComplete="current-password"
          size="md"
          autoFocus
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={enter.error === null ? undefined : sentenceOf(enter.error)}
        />
        <Button type="submit" size="md" loading={enter.isPending} disabled={key.trim() === ''}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
