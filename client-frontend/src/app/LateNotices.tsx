import { useEffect, useSyncExternalStore } from 'react';
import { useFetched } from '../components/use-fetched.ts';
import { notices } from './notices.ts';

/** Tells of jobs where the user wants it: for others nothing of it is fetched. */
export function LateNotices() {
  const choice = useSyncExternalStore(notices.subscribe, notices.get);
  const JobNotices = useFetched(async () => (await import('./JobNotices.tsx')).JobNotices, choice === 'on');
  useEffect(() => {
    if (choice === 'push') void lookWhetherTold().catch(() => undefined);
  }, [choice]);
  return choice === 'on' && JobNotices !== null && <JobNotices />;
}

async function lookWhetherTold(): Promise<void> {
  const { isTold } = await import('./push.ts');
  if (!(await isTold())) notices.ended();
}
