import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { BlenderFailure } from '@parallel-pilot/shared/kinds/blender/failures.ts';
import type { RunOutcome } from '../kind.ts';
import { diagnose } from './diagnose.ts';
import type { Answer } from './session.ts';
import type { Task } from './task.ts';

/** The outcome for the agent of an answer that is not `done`. */
export function outcomeOf(
  answer: Exclude<Answer, { kind: 'done' }>,
  task: Task,
  lines: readonly string[],
): RunOutcome & { ok: false } {
  const log = lines.join('\n');
  switch (answer.kind) {
    case 'canceled':
      return failure('canceled', 'The work was stopped before it finished.', log);
    case 'hung':
      return failure('hung', 'Nothing was heard from Blender for too long, so it was stopped.', log);
    case 'refused': {
      if (answer.code !== null && answer.code !== 'no-output')
        return failure(answer.code, answer.message, log);
      const found = diagnose(answer.message, lines);
      if (found !== null) return failure(found.code, found.message, log);
      return failure(answer.code ?? 'unexpected', answer.message, log);
    }
    case 'died': {
      if (answer.exit.kind === 'limit') return overLimit(answer.exit, log);
      if (answer.exit.kind === 'broken') return broken(answer.exit.reason, task, log);
      const found = diagnose('', lines);
      if (found !== null) return failure(found.code, found.message, log);
      if (answer.byScript && task.scripts) {
        return failure('script-failed', 'A script in the file ended Blender before the work was done.', log);
      }
      return failure('died', describe(answer.exit), log);
    }
    default:
      return answer satisfies never;
  }
}

/** Whether it was a script or a scene too large for this worker, another worker may have more. */
function overLimit(
  { limit, message }: ChildExit & { kind: 'limit' },
  log: string,
): RunOutcome & { ok: false } {
  const sentence = `Blender was stopped. ${message}`;
  return failure(limit === 'memory' ? 'out-of-memory' : 'died', sentence, log);
}

/** Without scripts nothing in Blender should be able to say anything: then it may be this Blender alone. */
const broken = (reason: string, { scripts }: Task, log: string): RunOutcome & { ok: false } =>
  scripts
    ? failure('script-failed', `${reason} Only a script in the file can make it say such things.`, log)
    : failure('died', reason, log);

export const failure = (code: BlenderFailure, message: string, log: string): RunOutcome & { ok: false } => ({
  ok: false,
  code,
  message,
  log,
});

function describe(exit: ChildExit): string {
  switch (exit.kind) {
    case 'exited':
      return `Blender ended by itself with exit code ${exit.code} while it was working.`;
    case 'signalled':
      return exit.signal === 'SIGKILL'
        ? 'Blender was killed from outside (SIGKILL). The machine may have run out of memory.'
        : `Blender crashed (${exit.signal}).`;
    case 'limit':
      return exit.message;
    case 'broken':
      return exit.reason;
    case 'failed-to-start':
      return `Blender could not be started: ${exit.reason}`;
    default:
      return exit satisfies never;
  }
}
