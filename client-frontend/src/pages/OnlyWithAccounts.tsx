import type { ReactNode } from 'react';
import { useSession } from '../api/session.ts';
import { NotFoundPage } from './NotFoundPage.tsx';

/** A page that a farm of this machine alone, where nobody signs in, does not have. */
export function OnlyWithAccounts({ children }: { children: ReactNode }) {
  const session = useSession();
  if (session === undefined) return null;
  return session.mode === 'local' ? <NotFoundPage /> : children;
}
