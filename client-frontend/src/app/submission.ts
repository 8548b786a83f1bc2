import { useSyncExternalStore } from 'react';
import { Submission } from '../api/submission.ts';
import type { SubmissionState } from '../api/submission-state.ts';

/** The files on their way, one submission for the whole site. */
export const submission = new Submission();

export const useSubmission = (): SubmissionState =>
  useSyncExternalStore(submission.subscribe, submission.get);
