import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { CommandFailure } from '@parallel-pilot/shared/kinds/command/failures.ts';
import type { RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';

export type RunFailure = { code: CommandFailure; message: string };

/** Why a run has failed; null for exit code 0. */
export function failureOf(
  exit: ChildExit | 'not-found',
  { words, noRetry, timeSeconds }: Pick<RunsStage, 'words' | 'noRetry' | 'timeSeconds'>,
  place: string,
): RunFailure | null {
  if (exit === 'not-found') return notFound(words[0] ?? '', place);
  switch (exit.kind) {
    case 'exited':
      if (exit.code === 0) return null;
      return noRetry.includes(exit.code)
        ? {
            code: 'no-retry',
            message: `It ended with exit code ${exit.code}, after which it is not to be retried.`,
          }
        : { code: 'exit-code', message: `It ended with exit code ${exit.code}.` };
    case 'signalled':
      return { code: 'signal', message: `It was ended by the signal ${exit.signal}.` };
    case 'limit':
      if (exit.limit === 'memory') return { code: 'out-of-memory', message: exit.message };
      if (exit.limit === 'time')
        return {
          code: 'time-limit',
          message: `It was not done within the ${timeSeconds} seconds of --time.`,
        };
      return { code: 'over-limit', message: exit.message };
    case 'failed-to-start':
      return { code: 'not-found', message: `It could not be started: ${exit.reason}` };
    case 'broken':
      return { code: 'unexpected', message: exit.reason };
    default:
      return exit satisfies never;
  }
}

function notFound(program: string, place: string): RunFailure {
  const message = program.includes('/')
    ? `${program} is not there or cannot be run. A script starts with a line such as #!/usr/bin/env python3, and goes along by --files.`
    : `There is no command "${program}" ${place}.`;
  return { code: 'not-found', message };
}
