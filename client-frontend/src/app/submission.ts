import { useSyncExternalStore } from 'react';
import { Submission, type SubmissionState } from '../api/submission.ts';

/** The file on its way, one for the whole site. */
export const submission = new Submission();

export const useSubmission = (): SubmissionState =>
  useSyncExternalStore(submission.subscribe, submission.get);
