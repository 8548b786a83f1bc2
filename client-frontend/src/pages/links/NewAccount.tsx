import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Refused } from '../people/Refused.tsx';
import { useAccept } from './use-accept.ts';

type NewAccountProps = {
  token: string;
  /** The address that the link is for, which cannot be another then. */
  email: string | null;
  name: string | null;
  go: string;
};

export function NewAccount({ token, email: given, name: known, go }: NewAccountProps) {
  const [name, setName] = useState(known ?? '');
  const [email, setEmail] = useState(given ?? '');
  const [password, setPassword] = useState('');
  const accept = useAccept(token);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        accept.mutate({ name: name.trim(), email: email.trim(), password });
      }}
    >
      <TextInput
        label="Your name"
        description="As others on the farm see it."
        autoComplete="name"
        size="md"
        autoFocus
        required
        withAsterisk={false}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="E-mail"
        {...(given === null ? {} : { description: 'The invitation is for this address.' })}
        type="email"
        autoComplete="username"
        size="md"
        required
        withAsterisk={false}
        readOnly={given !== null}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        description="A few words that belong together for nobody but you are best."
        autoComplete="new-password"
        size="md"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Refused error={accept.error} />
      <Button type="submit" size="md" loading={accept.isPending || accept.isSuccess}>
        {go}
      </Button>
    </form>
  );
}
