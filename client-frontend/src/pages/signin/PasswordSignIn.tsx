import { Button, PasswordInput, TextInput } from '@mantine/core';
import type { Session } from '@parallel-pilot/shared/api/farm.ts';
import { IconFingerprint } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { beginOidc, passkeysPossible, signInByPasskey, signInByPassword } from '../people/auth.ts';
import classes from '../people/CardPage.module.css';
import { Refused } from '../people/Refused.tsx';
import { placeToComeBackTo } from './come-back.ts';
import { returnedWith } from './returned-with.ts';

type PasswordSignInProps = {
  ways: Session['ways'];
  onSignedIn(): void;
  onCode(): void;
  onForgotten(): void;
  onKey(): void;
};

/** The ways to sign in: password, passkey, an issuer that vouches; a key is asked for elsewhere. */
export function PasswordSignIn({ ways, onSignedIn, onCode, onForgotten, onKey }: PasswordSignInProps) {
  const passkey = useMutation({ mutationFn: signInByPasskey, onSuccess: onSignedIn });
  const social = useMutation({
    mutationFn: (provider: string) => beginOidc(provider, placeToComeBackTo()),
    onSuccess: (url) => window.location.assign(url),
  });
  const [returned] = useState(() => returnedWith(ways, window.location.search));
  const others = ways.password && (passkeysPossible() || ways.oidc.length > 0);
  return (
    <>
      {returned !== null && !social.isPending && <Refused sentence={returned} />}
      {ways.password && <PasswordForm onSignedIn={onSignedIn} onCode={onCode} />}
      {others && <div className={classes.or}>or</div>}
      <div className={classes.ways}>
        {ways.password && passkeysPossible() && (
          <Button
            variant="default"
            size="md"
            leftSection={<IconFingerprint size={19} aria-hidden />}
            loading={passkey.isPending}
            onClick={() => passkey.mutate()}
          >
            Sign in with a passkey
          </Button>
        )}
        {ways.oidc.map(({ id, name }) => (
          <Button
            key={id}
            variant="default"
            size="md"
            loading={social.isPending && social.variables === id}
            onClick={() => social.mutate(id)}
          >
            Continue with {name}
          </Button>
        ))}
        <Refused error={passkey.error ?? social.error} />
      </div>
      <div className={classes.links}>
        {ways.password && (
          <Button variant="subtle" size="compact-sm" onClick={onForgotten}>
            Forgot your password?
          </Button>
        )}
        <Button variant="subtle" size="compact-sm" onClick={onKey}>
          Use a key
        </Button>
      </div>
    </>
  );
}

function PasswordForm({ onSignedIn, onCode }: { onSignedIn(): void; onCode(): void }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const enter = useMutation({
    mutationFn: () => signInByPassword(email.trim(), password),
    onSuccess: ({ needs }) => (needs === 'totp' ? onCode() : onSignedIn()),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        enter.mutate();
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
      />
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        size="md"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Refused error={enter.error} />
      <Button type="submit" size="md" loading={enter.isPending}>
        Sign in
      </Button>
    </form>
  );
}
