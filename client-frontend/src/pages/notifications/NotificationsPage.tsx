import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { notificationsQuery } from '../../api/notifications.ts';
import { sentenceOf } from '../../api/request.ts';
import { Empty } from '../../components/Empty.tsx';
import { PageHead } from '../../components/PageHead.tsx';
import { Only } from '../people/Only.tsx';
import classes from '../people/People.module.css';
import { Browsers } from './Browsers.tsx';
import { Email } from './Email.tsx';
import own from './Notifications.module.css';
import { Webhooks } from './Webhooks.tsx';
import { WhatYouWereTold } from './WhatYouWereTold.tsx';

/** How somebody is told of their jobs, on a farm with accounts and on one of this machine alone. */
export function NotificationsPage() {
  return (
    <Only action="account.see">
      <Ways />
    </Only>
  );
}

function Ways() {
  const { data, error, refetch } = useQuery(notificationsQuery());
  if (data === undefined && error !== null)
    return (
      <Empty
        page
        title="Your notifications cannot be shown"
        text={sentenceOf(error)}
        action={<Button onClick={() => void refetch()}>Try again</Button>}
      />
    );
  return (
    <>
      <PageHead title="Notifications" sub="What you are told of the jobs that you submit, and how." />
      <div className={own.first}>
        <WhatYouWereTold />
      </div>
      {data === undefined ? (
        <Skeleton height={300} radius={16} role="status" aria-label="Loading your notifications" />
      ) : (
        <div className={classes.columns}>
          <div className={classes.stack}>
            <Browsers told={data} />
            <Email told={data} />
          </div>
          <Webhooks told={data} />
        </div>
      )}
    </>
  );
}
