import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { CardPage } from '../people/CardPage.tsx';
import { linkQuery } from '../people/queries.ts';
import { Invitation } from './Invitation.tsx';
import { NewAccount } from './NewAccount.tsx';
import { NewPassword } from './NewPassword.tsx';
import { tokenOfPage } from './token-of-page.ts';

/**
 * Where a link leads that opens the farm to somebody: the first admin's, an invitation, a new password. Its secret is
 * behind the #, and stays there until it is used, so that the page may be loaded again.
 */
export function LinkPage() {
  const [token] = useState(tokenOfPage);
  const { data: link, error, refetch } = useQuery({ ...linkQuery(token), enabled: token !== '' });
  if (token === '') {
    return (
      <CardPage
        title="This link is not whole"
        text="What follows the # is missing. Copy the whole link from where you have it."
      />
    );
  }
  if (error !== null) {
    return (
      <CardPage title="This link does not work" text={sentenceOf(error)}>
        <Button variant="default" size="md" onClick={() => void refetch()}>
          Try again
        </Button>
        <Button component="a" href="/" variant="subtle" color="gray">
          To the farm
        </Button>
      </CardPage>
    );
  }
  if (link === undefined) return null;
  switch (link.purpose) {
    case 'first-admin':
      return (
        <CardPage
          title="Welcome to your farm"
          text="Make the first account. It is an admin’s: it invites the others."
        >
          <NewAccount token={token} email={link.email} name={link.name} go="Make the account" />
        </CardPage>
      );
    case 'invitation':
      return <Invitation token={token} link={link} />;
    case 'password-reset':
      return (
        <CardPage
          title="Set a new password"
          text={link.email === null ? undefined : `For ${link.email}. It ends all sessions of the account.`}
        >
          <NewPassword token={token} email={link.email} />
        </CardPage>
      );
    default:
      return link.purpose satisfies never;
  }
}
