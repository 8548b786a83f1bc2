import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { Panel } from '../../components/Panel.tsx';
import { beginTotp, endTotp, newBackupCodes } from '../people/auth.ts';
import { Dialog } from '../people/Dialog.tsx';
import classes from '../people/People.module.css';
import { waysQuery } from '../people/queries.ts';
import { useChange } from '../people/use-change.ts';
import { BackupCodes } from './BackupCodes.tsx';
import { ProveApp } from './ProveApp.tsx';

type Asked = 'on' | 'off' | 'codes';
const ASKED: Record<Asked, { title: string; go: string; text: string }> = {
  on: { title: 'Ask for codes', go: 'Go on', text: 'Your password, to see that it is you.' },
  off: {
    title: 'Ask for codes no more?',
    go: 'Turn it off',
    text: 'The password alone opens your account then.',
  },
  codes: { title: 'New backup codes', go: 'Make them', text: 'The old ones are good no longer.' },
};

/** A code of an authenticator app beside the password (TOTP, RFC 6238). */
export function Codes({ on }: { on: boolean }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [password, setPassword] = useState('');
  const [setup, setSetup] = useState<{ totpUri: string; backupCodes: string[] } | null>(null);
  const [made, setMade] = useState<string[] | null>(null);
  const close = () => {
    setAsked(null);
    setPassword('');
    go.reset();
  };
  const go = useChange(
    async (what: Asked) => {
      if (what === 'on') setSetup(await beginTotp(password));
      else if (what === 'off') await endTotp(password);
      else setMade((await newBackupCodes(password)).backupCodes);
    },
    { changes: [waysQuery().queryKey], quiet: true, onDone: () => close() },
  );
  return (
    <Panel title="Codes at sign-in" aside={on ? 'On' : 'Off'}>
      {setup !== null && !on ? (
        <ProveApp
          setup={setup}
          onProved={() => {
            setMade(setup.backupCodes);
            setSetup(null);
          }}
          onLeave={() => setSetup(null)}
        />
      ) : (
        <>
          <p className={classes.text}>
            {on
              ? 'Beside the password, sign-in asks for a code of your authenticator app.'
              : 'An authenticator app on your phone shows a new code every 30 seconds, and sign-in asks for it beside the password.'}
          </p>
          {made !== null && <BackupCodes codes={made} />}
          <div className={classes.actions}>
            {on ? (
              <>
                <Button variant="default" onClick={() => setAsked('codes')}>
                  New backup codes
                </Button>
                <Button variant="default" onClick={() => setAsked('off')}>
                  Turn it off
                </Button>
              </>
            ) : (
              <Button onClick={() => setAsked('on')}>Set it up</Button>
            )}
          </div>
        </>
      )}
      <Dialog
        opened={asked !== null}
        title={ASKED[asked ?? 'on'].title}
        go={ASKED[asked ?? 'on'].go}
        grave={asked === 'off'}
        working={go.isPending}
        error={go.error}
        onClose={close}
        onGo={() => asked !== null && go.mutate(asked)}
      >
        <PasswordInput
          label="Password"
          description={ASKED[asked ?? 'on'].text}
          autoComplete="current-password"
          data-autofocus
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      </Dialog>
    </Panel>
  );
}
