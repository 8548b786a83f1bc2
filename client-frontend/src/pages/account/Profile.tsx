import { Button, TextInput } from '@mantine/core';
import type { AccountWays } from '@parallel-pilot/shared/api/accounts.ts';
import type { Account } from '@parallel-pilot/shared/api/people.ts';
import { useState } from 'react';
import { sessionQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { Facts } from '../../components/Facts.tsx';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { renameMe } from '../people/account.ts';
import classes from '../people/People.module.css';
import { accountQuery } from '../people/queries.ts';
import { sentenceFor } from '../people/sentence.ts';
import { useChange } from '../people/use-change.ts';

export function Profile({ account, ways }: { account: Account; ways: AccountWays | undefined }) {
  const [name, setName] = useState(account.name);
  const changes = useMay()('account.change');
  const rename = useChange(() => renameMe(name.trim()), {
    changes: [accountQuery().queryKey, sessionQuery().queryKey, ['team']],
    quiet: true,
  });
  const verified = ways === undefined || ways.emailVerified ? '' : ' (not verified)';
  return (
    <Panel title="Profile">
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <TextInput
          label="Name"
          description="As others on the farm see it."
          autoComplete="name"
          maxLength={100}
          required
          withAsterisk={false}
          readOnly={!changes}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={sentenceFor(rename.error)}
        />
        <Facts
          facts={[
            ...(account.email === null ? [] : [['E-mail', `${account.email}${verified}`] as const]),
            ['On the farm', account.role === 'admin' ? 'Admin' : 'Person'],
            ['Since', formatAgo(account.createdAt, Date.now())],
            ...(ways === undefined || ways.providers.length === 0
              ? []
              : [['Also signs in by', ways.providers.join(', ')] as const]),
          ]}
        />
        {changes && (
          <div className={classes.actions}>
            <Button type="submit" loading={rename.isPending} disabled={name.trim() === account.name}>
              Save
            </Button>
          </div>
        )}
      </form>
    </Panel>
  );
}
