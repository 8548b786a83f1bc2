import { Button, TextInput } from '@mantine/core';
import type { AccountWays } from '@parallel-pilot/shared/api/accounts.ts';
import { useState } from 'react';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { AskedButton } from '../people/AskedButton.tsx';
import { addPasskey, passkeysPossible, removePasskey, renamePasskey } from '../people/auth.ts';
import { Dialog } from '../people/Dialog.tsx';
import classes from '../people/People.module.css';
import { waysQuery } from '../people/queries.ts';
import { useChange } from '../people/use-change.ts';

type Passkey = AccountWays['passkeys'][number];
const changes = [waysQuery().queryKey];

/** Keys that a device keeps and unlocks by fingerprint, face or PIN; they open the account without password and code. */
export function Passkeys({ passkeys }: { passkeys: readonly Passkey[] }) {
  const [named, setNamed] = useState<'new' | Passkey | null>(null);
  const [name, setName] = useState('');
  const save = useChange(
    (what: 'new' | Passkey) =>
      what === 'new' ? addPasskey(name.trim()) : renamePasskey(what.id, name.trim()),
    { changes, quiet: true, onDone: () => setNamed(null) },
  );
  const open = (what: 'new' | Passkey) => {
    save.reset();
    setName(what === 'new' ? '' : (what.name ?? ''));
    setNamed(what);
  };
  return (
    <Panel title="Passkeys">
      {passkeys.length === 0 ? (
        <p className={classes.text}>
          A passkey stays on your device, is unlocked by fingerprint, face or PIN, and opens your account
          without a password.
        </p>
      ) : (
        <ul className={classes.rows}>
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} onRename={() => open(passkey)} />
          ))}
        </ul>
      )}
      {passkeysPossible() ? (
        <div className={classes.actions}>
          <Button variant="default" onClick={() => open('new')}>
            Add a passkey
          </Button>
        </div>
      ) : (
        <p className={classes.note}>
          Browsers make passkeys only in pages served over HTTPS, or on the farm’s own machine.
        </p>
      )}
      <Dialog
        opened={named !== null}
        title={named === 'new' ? 'Add a passkey' : 'Rename the passkey'}
        go={named === 'new' ? 'Make it on this device' : 'Rename'}
        working={save.isPending}
        error={save.error}
        onClose={() => setNamed(null)}
        onGo={() => named !== null && save.mutate(named)}
      >
        <TextInput
          label="Name"
          description="So that you know it again."
          placeholder="Laptop"
          data-autofocus
          required
          withAsterisk={false}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </Dialog>
    </Panel>
  );
}

function PasskeyRow({ passkey, onRename }: { passkey: Passkey; onRename(): void }) {
  const remove = useChange(() => removePasskey(passkey.id), { changes });
  const name = passkey.name ?? 'Passkey';
  return (
    <li className={classes.row}>
      <div className={classes.main}>
        <b>{name}</b>
        {passkey.createdAt !== null && <small>Added {formatAgo(passkey.createdAt, Date.now())}</small>}
      </div>
      <div className={classes.side}>
        <Button variant="default" size="xs" aria-label={`Rename the passkey ${name}`} onClick={onRename}>
          Rename
        </Button>
        <AskedButton
          label="Remove"
          about={`Remove the passkey ${name}`}
          title={`Remove ${name}?`}
          text="It opens your account no longer. The device itself may keep it until you delete it there."
          go="Remove"
          working={remove.isPending}
          onGo={() => remove.mutate()}
        />
      </div>
    </li>
  );
}
