import { Button, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { signIn } from '../../api/farm.ts';
import { sentenceFor } from '../people/sentence.ts';

export function KeySignIn({ onSignedIn, onBack }: { onSignedIn(): void; onBack?(): void }) {
  const [key, setKey] = useState('');
  const enter = useMutation({ mutationFn: () => signIn(key.trim()), onSuccess: onSignedIn });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== '') enter.mutate();
      }}
    >
      <PasswordInput
        label="Key"
        autoComplete="current-password"
        size="md"
        autoFocus
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
        error={sentenceFor(enter.error)}
      />
      <Button type="submit" size="md" loading={enter.isPending} disabled={key.trim() === ''}>
        Sign in
      </Button>
      {onBack !== undefined && (
        <Button variant="subtle" color="gray" onClick={onBack}>
          Sign in another way
        </Button>
      )}
    </form>
  );
}
