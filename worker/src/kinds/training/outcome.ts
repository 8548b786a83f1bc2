import { constants } from 'node:os';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { TrainingFailure } from '@parallel-pilot/shared/kinds/training/failures.ts';
import type { RunOutcome } from '../kind.ts';
import type { Reply } from './messages.ts';
import type { Answer } from './session.ts';

export type Failed = RunOutcome & { ok: false };

export const failure = (
  code: TrainingFailure | 'preempted' | 'without-peers',
  message: string,
  log: string,
): Failed => ({
  ok: false,
  code,
  message,
  log,
});

/** The outcome for the agent of a chunk whose Python gave no reply. */
export function failureOf(answer: Exclude<Answer, { kind: 'replied' }>, hangLimitMs: number): Failed {
  switch (answer.kind) {
    case 'canceled':
      return failure('canceled', 'The work was stopped before it finished.', '');
    case 'hung': {
      const advice = 'A script that works for long without printing can call pilot.report(...) now and then.';
      const time =
        hangLimitMs < 120_000 ? `${hangLimitMs / 1_000} seconds` : `${hangLimitMs / 60_000} minutes`;
      return failure('hung', `Nothing was heard from the script for ${time}, so it was ended. ${advice}`, '');
    }
    case 'died':
      return ended(answer.exit, answer.log);
    default:
      return answer satisfies never;
  }
}

/** The outcome for the agent of a reply that is no success. */
export function refusalOf(reply: Reply & { ok: false }): Failed {
  if ('preempted' in reply)
    return failure('preempted', 'It left a checkpoint, as it was asked to.', reply.log);
  if (!('died' in reply)) return failure(reply.code, reply.message, reply.log);
  const { died, log } = reply;
  if ('code' in died) {
    const message = `The script ended Python by itself (exit code ${died.code}), before its work was done.`;
    return failure('script-unfinished', message, log);
  }
  return failure('died', crashed(nameOf(died.signal), log), log);
}

function ended(exit: ChildExit, log: string): Failed {
  switch (exit.kind) {
    case 'limit':
      return failure(
        exit.limit === 'memory' ? 'out-of-memory' : 'died',
        `The script was ended. ${exit.message}`,
        log,
      );
    case 'signalled':
      return failure('died', crashed(exit.signal, log), log);
    case 'exited':
      return failure('died', `Python ended by itself with exit code ${exit.code}.`, log);
    case 'broken':
      return failure(
        'script-error',
        `${exit.reason} Only a script that changes the Python around it brings that about.`,
        log,
      );
    case 'failed-to-start':
      return failure('died', `Python could not be started: ${exit.reason}`, log);
    default:
      return exit satisfies never;
  }
}

function crashed(signal: string, log: string): string {
  if (signal === 'SIGKILL')
    return 'Python was killed from outside (SIGKILL). The machine may have run out of memory.';
  // What Python's faulthandler writes, innermost call first.
  const line = /^[ \t]*File ".*\/(script\.py)", line (\d+) in/m.exec(log);
  return `${line === null ? '' : `${line[1]} line ${line[2]}: `}Python crashed (${signal}).`;
}

const nameOf = (signal: number): string =>
  Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
