import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Outlet } from 'react-router';
import { sessionQuery } from '../api/queries.ts';
import { sentenceOf } from '../api/request.ts';
import { Empty } from '../components/Empty.tsx';
import { useFetched } from '../components/use-fetched.ts';
import { LiveProvider } from '../live/LiveProvider.tsx';

const signInPage = async () => (await import('../pages/signin/SignInPage.tsx')).SignInPage;

const clerkGate = async () => (await import('./ClerkGate.tsx')).ClerkGate;

/** Lets nobody in who has to sign in first. */
export function Gate() {
  const queries = useQueryClient();
  const session = useQuery(sessionQuery());
  const away = session.data === undefined && session.error !== null;
  const signsIn = session.data !== undefined && session.data.person === null;
  const clerk = session.data?.ways.clerk ?? null;
  const SignInPage = useFetched(signInPage, signsIn && clerk === null);
  const ClerkGate = useFetched(clerkGate, clerk !== null);
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(() => void queries.refetchQueries(sessionQuery()), 3_000);
    return () => clearInterval(timer);
  }, [away, queries]);

  if (session.data === undefined) {
    if (session.error === null) return null;
    return (
      <main>
        <Empty
          page
          title="The farm does not answer"
          text={`${sentenceOf(session.error)} This page tries again every few seconds.`}
          action={<Button onClick={() => void session.refetch()}>Try now</Button>}
        />
      </main>
    );
  }
  if (clerk !== null) return ClerkGate !== null && <ClerkGate clerk={clerk} session={session.data} />;
  if (signsIn) return SignInPage !== null && <SignInPage ways={session.data.ways} />;
  return (
    <LiveProvider>
      <Outlet />
    </LiveProvider>
  );
}
