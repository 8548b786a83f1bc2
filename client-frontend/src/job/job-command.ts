import { useMutation, useQueryClient } from '@tanstack/react-query';
import { commandJob, type JobCommand } from '../api/farm.ts';
import { sentenceOf } from '../api/request.ts';
import { notify } from '../app/notify.ts';

/** Pauses, resumes, cancels or retries, and shows the job as it then is. */
export function useJobCommand(job: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (what: JobCommand) => commandJob(job, what),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['job', job] }),
    onError: showProblem,
  });
}

export const showProblem = (error: unknown): void => {
  notify({ color: 'berry', title: 'That did not work', message: sentenceOf(error) });
};
