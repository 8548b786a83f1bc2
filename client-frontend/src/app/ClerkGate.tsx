import { ClerkProvider, SignIn, useAuth } from '@clerk/react';
import { Button } from '@mantine/core';
import type { Session } from '@parallel-pilot/shared/api/farm.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Outlet } from 'react-router';
import { sessionQuery, storageQuery } from '../api/queries.ts';
import { sentenceOf, takeTokensFrom } from '../api/request.ts';
import { LiveProvider } from '../live/LiveProvider.tsx';
import { CardPage } from '../pages/people/CardPage.tsx';
import { KeySignIn } from '../pages/signin/KeySignIn.tsx';

type ClerkGateProps = { clerk: { publishableKey: string }; session: Session };

/** Lets in whom Clerk vouches for, or who has a key. Clerk's own script is fetched from its host by this part alone. */
export function ClerkGate({ clerk, session }: ClerkGateProps) {
  return (
    <ClerkProvider publishableKey={clerk.publishableKey} telemetry={false} afterSignOutUrl="/">
      <ByClerk session={session} />
    </ClerkProvider>
  );
}

function ByClerk({ session }: { session: Session }) {
  const { isLoaded, isSignedIn, getToken, orgId } = useAuth();
  const queries = useQueryClient();
  const [ready, setReady] = useState(false);
  const [byKey, setByKey] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another organisation is another team
  useEffect(() => {
    if (!isLoaded || !isSignedIn) return;
    takeTokensFrom(() => getToken());
    // Not reset: without an answer this part would be gone, and begin anew.
    void queries.invalidateQueries(sessionQuery()).then(() => setReady(true));
    return () => takeTokensFrom(null);
  }, [isLoaded, isSignedIn, orgId, getToken, queries]);

  // Who is in by a key needs nothing of Clerk.
  if (session.person !== null && (!isSignedIn || ready)) {
    return (
      <LiveProvider>
        <Outlet />
      </LiveProvider>
    );
  }
  if (byKey) {
    return (
      <CardPage title="Sign in with a key" text="A key of your account, or the owner’s.">
        <KeySignIn onSignedIn={() => void queries.resetQueries()} onBack={() => setByKey(false)} />
      </CardPage>
    );
  }
  if (isLoaded && isSignedIn) return ready && <NotLetIn />;
  return (
    <CardPage title="Sign in">
      {isLoaded ? <SignIn routing="hash" /> : <p role="status">Asking Clerk…</p>}
      <Button variant="subtle" color="gray" onClick={() => setByKey(true)}>
        Use a key
      </Button>
    </CardPage>
  );
}

/** Clerk vouches for them, and the farm does not take it: any question says why. */
function NotLetIn() {
  const { signOut } = useAuth();
  const { error } = useQuery({ ...storageQuery(), retry: false });
  if (error === null) return null;
  return (
    <CardPage title="You are not let in" text={sentenceOf(error)}>
      <Button variant="default" onClick={() => void signOut()}>
        Sign out of Clerk
      </Button>
    </CardPage>
  );
}
