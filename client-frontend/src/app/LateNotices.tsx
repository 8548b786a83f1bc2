import { useSyncExternalStore } from 'react';
import { useFetched } from '../components/use-fetched.ts';
import { notices } from './notices.ts';

/** Tells of finished jobs where the user wants it: for others nothing of it is fetched. */
export function LateNotices() {
  const wanted = useSyncExternalStore(notices.subscribe, notices.get) === 'on';
  const JobNotices = useFetched(async () => (await import('./JobNotices.tsx')).JobNotices, wanted);
  return wanted && JobNotices !== null && <JobNotices />;
}
