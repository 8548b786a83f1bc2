import { Button, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { useSession } from '../../api/session.ts';
import { Empty } from '../../components/Empty.tsx';
import { Facts } from '../../components/Facts.tsx';
import { formatAgo } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { tokenOfPage } from '../links/token-of-page.ts';
import { OnlyWithAccounts } from '../OnlyWithAccounts.tsx';
import { answerDevice } from '../people/account.ts';
import { Only } from '../people/Only.tsx';
import classes from '../people/People.module.css';
import { deviceQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { SCOPE_WORDS } from '../people/role-words.ts';

/** Where `pilot login` sends its user: a program asks for a key, and shows a code that is compared here. */
export function DevicePage() {
  const [code, setCode] = useState(tokenOfPage);
  return (
    <OnlyWithAccounts>
      <Only action="account.change">
        <PageHead title="Let a program in" sub="It asked for a key of your account." />
        <div className={classes.narrow}>
          {code === '' ? <AskForCode onCode={setCode} /> : <Asked code={code} onOther={() => setCode('')} />}
        </div>
      </Only>
    </OnlyWithAccounts>
  );
}

function AskForCode({ onCode }: { onCode(code: string): void }) {
  const [code, setCode] = useState('');
  return (
    <Panel title="Which code does it show?">
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          onCode(code.trim());
        }}
      >
        <TextInput
          label="Code"
          placeholder="BCDF-GHJK"
          autoComplete="off"
          autoFocus
          required
          withAsterisk={false}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <div className={classes.actions}>
          <Button type="submit">Go on</Button>
        </div>
      </form>
    </Panel>
  );
}

function Asked({ code, onOther }: { code: string; onOther(): void }) {
  const { data: device, error } = useQuery(deviceQuery(code));
  const session = useSession();
  const answer = useMutation({ mutationFn: (what: 'approve' | 'refuse') => answerDevice(code, what) });
  if (error !== null) {
    return (
      <Empty
        title="This code is not known"
        text={sentenceOf(error)}
        action={<Button onClick={onOther}>Give another code</Button>}
      />
    );
  }
  if (device === undefined) return null;
  if (answer.isSuccess) {
    return answer.variables === 'approve' ? (
      <Empty
        title="It is let in"
        text="The program has its key now. You find it among the keys of your account, where it can be revoked. This page may be closed."
      />
    ) : (
      <Empty title="It is refused" text="The program got nothing. This page may be closed." />
    );
  }
  return (
    <Panel title="Does it show this code?">
      <p className={classes.code}>{device.userCode}</p>
      <Facts
        facts={[
          ['Program', device.name],
          ['Asked from', device.address],
          ['When', formatAgo(device.createdAt, Date.now())],
          ['It could', device.scopes.map((scope) => SCOPE_WORDS[scope]).join(', ')],
          ['As', session?.person?.name ?? ''],
          ['In the team', session?.team?.name ?? ''],
        ]}
      />
      <p className={classes.note}>
        Approve only what you have begun yourself, and where the program shows the very same code.
      </p>
      <Refused error={answer.error} />
      <div className={classes.actions}>
        <Button variant="default" disabled={answer.isPending} onClick={() => answer.mutate('refuse')}>
          Refuse
        </Button>
        <Button loading={answer.isPending} onClick={() => answer.mutate('approve')}>
          Approve
        </Button>
      </div>
    </Panel>
  );
}
