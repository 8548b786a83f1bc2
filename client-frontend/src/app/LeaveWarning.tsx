import { useEffect } from 'react';
import type { SubmissionState } from '../api/submission-state.ts';
import { useSubmission } from './submission.ts';

const ON_THEIR_WAY: readonly SubmissionState['phase'][] = ['checking', 'uploading', 'creating'];

/** The browser asks before a tab is closed from which files are being sent. */
export function LeaveWarning() {
  const { phase } = useSubmission();
  const sending = ON_THEIR_WAY.includes(phase);
  useEffect(() => {
    if (!sending) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [sending]);
  return null;
}
