import type { Session } from '@parallel-pilot/shared/api/farm.ts';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { CardPage } from '../people/CardPage.tsx';
import { ForgottenPassword } from './ForgottenPassword.tsx';
import { KeySignIn } from './KeySignIn.tsx';
import { PasswordSignIn } from './PasswordSignIn.tsx';
import { SecondFactor } from './SecondFactor.tsx';

type Step = 'start' | 'code' | 'forgotten' | 'key';

/** Asks who it is; stands in place of whichever page was wanted, which opens afterwards. */
export function SignInPage({ ways }: { ways: Session['ways'] }) {
  const queries = useQueryClient();
  const accounts = ways.password || ways.oidc.length > 0;
  const [step, setStep] = useState<Step>(accounts ? 'start' : 'key');
  const enter = () => void queries.resetQueries();
  const back = () => setStep('start');
  switch (step) {
    case 'start':
      return (
        <CardPage title="Sign in">
          <PasswordSignIn
            ways={ways}
            onSignedIn={enter}
            onCode={() => setStep('code')}
            onForgotten={() => setStep('forgotten')}
            onKey={() => setStep('key')}
          />
        </CardPage>
      );
    case 'code':
      return (
        <CardPage title="One more step" text="This account asks for a code beside the password.">
          <SecondFactor onSignedIn={enter} onBack={back} />
        </CardPage>
      );
    case 'forgotten':
      return (
        <CardPage
          title="Forgot your password?"
          text="Give the e-mail of your account. If the farm knows it, a link to set a new password is sent there."
        >
          <ForgottenPassword onBack={back} />
        </CardPage>
      );
    case 'key':
      return (
        <CardPage
          title={accounts ? 'Sign in with a key' : 'Sign in'}
          text={
            accounts
              ? 'A key of your account, made on its page or by “pilot login”.'
              : 'This farm is open to whoever has a key. The owner’s was shown when the farm first started.'
          }
        >
          <KeySignIn onSignedIn={enter} {...(accounts ? { onBack: back } : {})} />
        </CardPage>
      );
    default:
      return step satisfies never;
  }
}
