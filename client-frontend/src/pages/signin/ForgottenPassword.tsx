import { Button, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { askForReset } from '../people/account.ts';
import { sentenceFor } from '../people/sentence.ts';

export function ForgottenPassword({ onBack }: { onBack(): void }) {
  const [email, setEmail] = useState('');
  const ask = useMutation({ mutationFn: () => askForReset(email.trim()) });
  if (ask.isSuccess) {
    return (
      <>
        <p role="status">
          If there is such an account, a link is on its way. Where this farm sends no e-mail, an admin of it
          can give you one.
        </p>
        <Button variant="default" size="md" onClick={onBack}>
          Back to sign in
        </Button>
      </>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <TextInput
        label="E-mail"
        type="email"
        autoComplete="username"
        size="md"
        autoFocus
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={sentenceFor(ask.error)}
      />
      <Button type="submit" size="md" loading={ask.isPending}>
        Send the link
      </Button>
      <Button variant="subtle" color="gray" onClick={onBack}>
        Back
      </Button>
    </form>
  );
}
