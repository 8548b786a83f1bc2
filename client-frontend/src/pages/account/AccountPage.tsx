import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { sentenceOf } from '../../api/request.ts';
import { useMay } from '../../api/session.ts';
import { Empty } from '../../components/Empty.tsx';
import { PageHead } from '../../components/PageHead.tsx';
import { OnlyWithAccounts } from '../OnlyWithAccounts.tsx';
import { Only } from '../people/Only.tsx';
import classes from '../people/People.module.css';
import { accountQuery, waysQuery } from '../people/queries.ts';
import { Codes } from './Codes.tsx';
import { Keys } from './Keys.tsx';
import { Notifications } from './Notifications.tsx';
import { Passkeys } from './Passkeys.tsx';
import { Password } from './Password.tsx';
import { Profile } from './Profile.tsx';
import { Sessions } from './Sessions.tsx';

export function AccountPage() {
  return (
    <OnlyWithAccounts>
      <Only action="account.see">
        <Account />
      </Only>
    </OnlyWithAccounts>
  );
}

function Account() {
  const { data: account, error, refetch } = useQuery(accountQuery());
  const changes = useMay()('account.change');
  // Somebody whom Clerk vouches for, or who came by a key, has nothing of this here.
  const ways =
    useQuery({ ...waysQuery(), enabled: account?.hasAccount === true && changes }).data ?? undefined;
  if (error !== null && account === undefined) {
    return (
      <Empty
        page
        title="Your account cannot be shown"
        text={sentenceOf(error)}
        action={<Button onClick={() => void refetch()}>Try again</Button>}
      />
    );
  }
  return (
    <>
      <PageHead title="Your account" sub={account?.email ?? '\u00a0'} />
      {account === undefined ? (
        <Skeleton height={300} radius={16} role="status" aria-label="Loading your account" />
      ) : (
        <div className={classes.columns}>
          <div className={classes.stack}>
            <Profile account={account} ways={ways} />
            {ways?.password === true && <Password email={ways.email} />}
            {ways?.password === true && <Codes on={ways.totp} />}
            {ways !== undefined && <Passkeys passkeys={ways.passkeys} />}
          </div>
          <div className={classes.stack}>
            <Keys />
            {ways !== undefined && <Sessions />}
            <Notifications />
          </div>
        </div>
      )}
    </>
  );
}
