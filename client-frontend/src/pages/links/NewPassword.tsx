import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { sentenceFor } from '../people/sentence.ts';
import { useAccept } from './use-accept.ts';

export function NewPassword({ token, email }: { token: string; email: string | null }) {
  const [password, setPassword] = useState('');
  const accept = useAccept(token);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        accept.mutate({ password });
      }}
    >
      {/* For password managers: whose password it is. */}
      <input type="hidden" autoComplete="username" value={email ?? ''} />
      <PasswordInput
        label="New password"
        description="A few words that belong together for nobody but you are best."
        autoComplete="new-password"
        size="md"
        autoFocus
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        error={sentenceFor(accept.error)}
      />
      <Button type="submit" size="md" loading={accept.isPending || accept.isSuccess}>
        Set the password
      </Button>
    </form>
  );
}
