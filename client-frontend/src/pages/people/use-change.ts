import { type QueryKey, type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
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

/**
 * What a switch or a select shows that is saved as soon as it is changed: the choice itself until that is over, then
 * what is saved. A mutation tells of its beginning a moment late, and in that moment the control would jump back.
 */
export function useChosen<V>(
  saved: V,
  save: Pick<UseMutationResult<unknown, Error, V>, 'mutate'>,
): [shown: V, choose: (value: V) => void] {
  const [chosen, setChosen] = useState<{ value: V } | null>(null);
  const choose = (value: V) => {
    setChosen({ value });
    save.mutate(value, { onSettled: () => setChosen(null) });
  };
  return [chosen === null ? saved : chosen.value, choose];
}
