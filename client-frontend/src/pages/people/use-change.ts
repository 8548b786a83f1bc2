import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { showProblem } from '../../job/job-command.ts';

type Change<T> = {
  /** What is asked again afterwards. */
  changes?: readonly QueryKey[];
  onDone?(result: T): void;
  /** The form shows itself why it was refused. Else that is told at the edge of the page. */
  quiet?: boolean;
};

/** Does something, and asks again for what it changes. */
export function useChange<T, V = void>(
  change: (given: V) => Promise<T>,
  { changes = [], onDone, quiet = false }: Change<T> = {},
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (result) => {
      await Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey })));
      onDone?.(result);
    },
    onError: (error) => {
      if (!quiet) showProblem(error);
    },
  });
}
