import { Button } from '@mantine/core';
import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { type Action, may } from '@parallel-pilot/shared/access/permissions.ts';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { actorOf, useSession } from '../../api/session.ts';
import { Empty } from '../../components/Empty.tsx';

/** A page for those who may do this: others, who have it from an address, are told why they may not. */
export function Only({ action, children }: { action: Action; children: ReactNode }) {
  const session = useSession();
  const actor = session === undefined ? null : actorOf(session);
  if (session === undefined || actor === null) return null;
  if (may(actor, action)) return children;
  return (
    <Empty
      page
      title="Not for you"
      text={refusalOf(actor, action)}
      action={
        <Button component={Link} to="/">
          To the jobs
        </Button>
      }
    />
  );
}
